import type { IncomingMessage, ServerResponse } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import type { Draft } from '../core/draft.js';
import { SessionStoreUnavailableError } from '../core/errors.js';
import { isRemembered } from '../core/expiry.js';
import { Session } from '../core/session.js';
import type { SessionBinding } from './binding.js';
import { type Failure, failureOf, RETRY_AFTER } from './failure.js';
import { type AnyRequest, type AnyResponse, nodeRequest, nodeResponse, responseTo } from './frameworks.js';
import { Gate, type GateKeeper } from './gate.js';
import { addVary } from './headers.js';
import { warnOfPlainHttp } from './plain-http.warning.js';

interface Opened {
  readonly draft: Draft;
  readonly session: Session;
}

/** On the request itself: a WeakMap with an entry for each would keep the garbage collector busy. */
const SCOPE = Symbol('nest-sessions.scope');

interface ScopedRequest extends IncomingMessage {
  [SCOPE]?: RequestScope;
}

/**
 * Everything one request has to do with its sessions. Opened by whoever comes first, a guard, the interceptor or
 * `@Session()`; whoever comes later finds the same session. Committed by the interceptor, or by the gate on the
 * response for every answer that goes around it.
 */
export class RequestScope implements GateKeeper {
  readonly #openings = new Map<SessionBinding, Promise<Opened> | Opened>();
  /** The first byte is out: a session that is opened from here on cannot be written either. */
  #sealed = false;

  readonly #gate: Gate | undefined;
  #held: Promise<void> | undefined;

  private constructor(
    private readonly request: IncomingMessage,
    private readonly response: ServerResponse,
  ) {
    this.#gate = Gate.close(response, this);
  }

  static of(request: AnyRequest, response: AnyResponse): RequestScope {
    const raw: ScopedRequest = nodeRequest(request);
    return (raw[SCOPE] ??= new RequestScope(raw, nodeResponse(response)));
  }

  /** The same for a request whose response may have to be found. `undefined`: it cannot be. */
  static ofRequest(request: AnyRequest, response?: AnyResponse): RequestScope | undefined {
    const raw: ScopedRequest = nodeRequest(request);
    const answer = response ?? responseTo(raw);
    return raw[SCOPE] ?? (answer && RequestScope.of(raw, answer));
  }

  /** Loads a session without looking at it: an outage is told to the first who does. */
  async preload(binding: SessionBinding): Promise<void> {
    await Promise.resolve(this.#open(binding)).catch(() => {});
  }

  /** The session, for code that is going to look at it. Loaded once, however many ask. */
  async session(binding: SessionBinding): Promise<Session> {
    return (await this.loaded(binding))();
  }

  /** What gives the session once it is loaded, or throws what loading it threw: for code that may never look. */
  async loaded(binding: SessionBinding): Promise<() => Session> {
    try {
      const { draft, session } = await this.#open(binding);
      return () => {
        draft.accessed = true;
        return session;
      };
    } catch (error) {
      return () => {
        if (error instanceof SessionStoreUnavailableError && !this.response.headersSent) this.#adviseRetry();
        throw error;
      };
    }
  }

  /** Saves, before a returned value is sent. After the first byte it is too late, and the gate has done it. */
  async save(): Promise<void> {
    if (this.#sealed) return;
    try {
      await this.#commit(this.response.statusCode);
    } catch (error) {
      this.#gate?.forgetHandler();
      throw error;
    }
  }

  /**
   * Saves what is unsaved. `undefined`: nothing was. May be called again: what was saved is not saved twice. An answer
   * of 500 and above drops what the request changed, unless `saveOnError`; what ended stays ended.
   */
  #commit(status: number): Promise<void> | undefined {
    const pending: Promise<void>[] = [];
    for (const [binding, opening] of this.#openings) {
      if (opening instanceof Promise) continue;
      const { draft } = opening;
      // The error answer that a failed commit led to must not try the same again.
      if (draft.failed && status >= 400) continue;
      if (status >= 500 && !binding.saveOnError) draft.rollback();
      const work = commitOf(binding, draft);
      if (work) pending.push(work);
    }
    return pending.length === 0 ? undefined : Promise.all(pending).then(() => {});
  }

  #open(binding: SessionBinding): Promise<Opened> | Opened {
    let opening = this.#openings.get(binding);
    if (!opening) {
      const draft = binding.manager.open(binding.transport.read(this.request));
      opening = draft instanceof Promise ? this.#settle(binding, draft) : this.#opened(binding, draft);
      this.#openings.set(binding, opening);
    }
    return opening;
  }

  async #settle(binding: SessionBinding, draft: Promise<Draft>): Promise<Opened> {
    const opened = this.#opened(binding, await draft);
    this.#openings.set(binding, opened);
    return opened;
  }

  #opened(binding: SessionBinding, draft: Draft): Opened {
    // Also where the answer had begun before anybody asked for a session: nothing can be told to the client any more.
    draft.sealed = this.#sealed || !this.#gate;
    return { draft, session: new Session(draft, binding.manager) };
  }

  /**
   * Keeps the first byte back until this has settled and who waits for it has had a turn. Nest begins an event stream
   * while the session is still being loaded for the handler, which would come too late to write to it.
   */
  holdFirstByte(until: Promise<unknown>): void {
    const held = until
      .catch(() => {})
      .then(() => setImmediate())
      .then(() => {
        if (this.#held === held) this.#held = undefined;
      });
    this.#held = held;
  }

  /** For the gate: the last commit. From here on the sessions cannot be changed any more. */
  firstByte(status: number): Promise<void> | undefined {
    if (this.#held) return this.#held.then(() => this.firstByte(status));
    const work = this.#commit(status);
    this.#sealed = true;
    for (const [, draft] of this.#drafts()) draft.sealed = true;
    return work;
  }

  /** For the gate: the client left. The handler may still be at work, and may still write: nothing is sealed. */
  abandoned(status: number): void {
    this.#commit(status)?.catch(() => {
      // There is nobody left to tell; the store's failure was told as an event.
    });
  }

  /** For the gate: what the client is told of its sessions. */
  head(): void {
    for (const [binding, draft] of this.#drafts()) {
      if (draft.budget.storeFailed && this.response.statusCode === 503) this.#adviseRetry();
      const { cookie } = draft;
      // A new token for who did not look at the session is for nobody else either.
      if (draft.accessed || cookie) addVary(this.response, binding.transport.vary);
      draft.cookie = undefined;
      if (cookie?.kind === 'clear') binding.transport.clear(this.response);
      if (cookie?.kind === 'issue') {
        warnOfPlainHttp(binding, this.request);
        binding.transport.write(this.response, cookie.text, maxAge(binding, draft));
      }
    }
  }

  #adviseRetry(): void {
    if (!this.response.hasHeader('retry-after')) this.response.setHeader('Retry-After', RETRY_AFTER);
  }

  /** For the gate: what is answered instead. */
  failure(error: unknown): Failure {
    const failure = failureOf(error);
    for (const [binding] of this.#drafts())
      binding.warn(`A session could not be saved; answered ${failure.status}`, error);
    return failure;
  }

  *#drafts(): Generator<[SessionBinding, Draft]> {
    for (const [binding, opening] of this.#openings) {
      if (!(opening instanceof Promise)) yield [binding, opening.draft];
    }
  }
}

/** What cannot be encoded is refused at once, and everything else later: for the caller it is one thing. */
function commitOf({ manager }: SessionBinding, draft: Draft): Promise<void> | undefined {
  try {
    return manager.commit(draft);
  } catch (error) {
    return Promise.reject(error);
  }
}

/** Seconds that a cookie is to outlive the browser by: what is left of the session's total, or none. */
function maxAge(binding: SessionBinding, { record }: Draft): number | undefined {
  if (!record || !(binding.persistent || isRemembered(record))) return undefined;
  return (record.absoluteExpiresAt - binding.manager.clock.now()) / 1_000;
}
