import type { IncomingMessage, ServerResponse } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import type { Draft } from '../core/draft.js';
import { SessionStoreUnavailableError } from '../core/errors.js';
import { Session } from '../core/session.js';
import { maxAge, type SessionBinding } from './binding.js';
import { type Failure, failureOf, RETRY_AFTER } from './failure.js';
import { type AnyRequest, type AnyResponse, nodeRequest, nodeResponse, responseTo } from './frameworks.js';
import { Gate, type GateKeeper, keeperOf } from './gate.js';
import { addVary } from './headers.js';
import { commitOf, type OpenedSession } from './opened-session.js';
import { warnOfPlainHttp } from './plain-http.warning.js';

/** One session of the request, loaded or on its way. */
interface Opening {
  readonly binding: SessionBinding;
  opened: Promise<OpenedSession> | OpenedSession;
}

/**
 * Everything one request has to do with its sessions. OpenedSession by whoever comes first, a guard, the interceptor or
 * `@Session()`; whoever comes later finds the same session. Committed by the interceptor, or by the gate on the
 * response for every answer that goes around it.
 */
export class RequestScope implements GateKeeper {
  readonly #openings: Opening[] = [];
  /** The first byte is out: a session that is opened from here on cannot be written either. */
  #sealed: boolean;

  readonly #gate: Gate;
  #held: Promise<void> | undefined;

  private constructor(
    private readonly request: IncomingMessage,
    private readonly response: ServerResponse,
  ) {
    this.#sealed = response.headersSent;
    this.#gate = Gate.close(response, this);
  }

  static of(request: AnyRequest, response: AnyResponse): RequestScope {
    const raw = nodeResponse(response);
    const keeper = keeperOf(raw) as RequestScope | undefined;
    return keeper ?? new RequestScope(nodeRequest(request), raw);
  }

  /** The same for a request whose response may have to be found. `undefined`: it cannot be. */
  static ofRequest(request: AnyRequest, response?: AnyResponse): RequestScope | undefined {
    const answer = response ?? responseTo(nodeRequest(request));
    return answer && RequestScope.of(request, answer);
  }

  /** Loads a session without looking at it: an outage is told to the first who does. */
  preload(binding: SessionBinding): Promise<unknown> | undefined {
    const opened = this.#open(binding);
    return opened instanceof Promise ? opened.catch(() => {}) : undefined;
  }

  /** The session, for code that is going to look at it. Loaded once, however many ask; no promise if it was. */
  session(binding: SessionBinding): Promise<Session> | Session {
    const opened = this.#open(binding);
    if (!(opened instanceof Promise)) return lookedAt(opened);
    return opened.then(
      (loaded) => lookedAt(loaded),
      (error: unknown) => this.#unavailable(error),
    );
  }

  /**
   * What gives the session once it is loaded, or throws what loading it threw: for code that may never look. `align`: for
   * who shows the session in another way, and has to bring it up to date before anybody else looks and before it is saved.
   */
  async loaded(binding: SessionBinding, align?: () => void): Promise<() => Session> {
    try {
      const opened = await this.#open(binding);
      if (align) opened.align = align;
      return () => lookedAt(opened, align === undefined);
    } catch (error) {
      return () => this.#unavailable(error);
    }
  }

  /** @throws SessionConflictError for a token that was replaced a moment ago: a login may be under way in another tab. */
  refuseRetired(binding: SessionBinding): void {
    const opened = this.#open(binding);
    if (!(opened instanceof Promise) && opened.draft.retired) opened.draft.saving();
  }

  /**
   * Saves, before a returned value is sent. After the first byte it is too late, and the gate has done it. `undefined`:
   * there was nothing to save.
   */
  save(): Promise<void> | undefined {
    if (this.#sealed) return undefined;
    return this.#commit(this.response.statusCode)?.catch((error: unknown) => {
      this.#gate.forgetHandler();
      throw error;
    });
  }

  #commit(status: number): Promise<void> | undefined {
    const pending: Promise<void>[] = [];
    for (const { binding, opened } of this.#openings) {
      const work = opened instanceof Promise ? undefined : commitOf(binding, opened, status);
      if (work) pending.push(work);
    }
    return pending.length > 1 ? Promise.all(pending).then(() => {}) : pending[0];
  }

  #open(binding: SessionBinding): Promise<OpenedSession> | OpenedSession {
    for (const opening of this.#openings) if (opening.binding === binding) return opening.opened;
    const { manager, old, transport } = binding;
    const draft = manager.open(transport.read(this.request), old && (() => old.find(this.request)));
    if (!(draft instanceof Promise)) return this.#keep({ binding, opened: this.#opened(binding, draft) });
    const opening: Opening = {
      binding,
      opened: draft.then((loaded) => (opening.opened = this.#opened(binding, loaded))),
    };
    return this.#keep(opening);
  }

  #keep(opening: Opening): Opening['opened'] {
    this.#openings.push(opening);
    return opening.opened;
  }

  #opened(binding: SessionBinding, draft: Draft): OpenedSession {
    draft.sealed = this.#sealed;
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
    this.#eachDraft((draft) => (draft.sealed = true));
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
    this.#eachDraft((draft, binding) => {
      if (draft.budget.storeFailed && this.response.statusCode === 503) this.#adviseRetry();
      const { cookie } = draft;
      // A new token for who did not look at the session is for nobody else either.
      if (draft.accessed || cookie) addVary(this.response, binding.transport.vary);
      if (draft.accessed && binding.old) addVary(this.response, 'Cookie');
      draft.cookie = undefined;
      if (cookie) binding.old?.clear(this.request, this.response);
      if (cookie?.kind === 'clear') binding.transport.clear(this.response);
      if (cookie?.kind === 'issue') {
        warnOfPlainHttp(binding, this.request);
        binding.transport.write(this.response, cookie.text, maxAge(binding, draft));
      }
    });
  }

  #unavailable(error: unknown): never {
    if (error instanceof SessionStoreUnavailableError && !this.response.headersSent) this.#adviseRetry();
    throw error;
  }

  #adviseRetry(): void {
    if (!this.response.hasHeader('retry-after')) this.response.setHeader('Retry-After', RETRY_AFTER);
  }

  /** For the gate: what is answered instead. */
  failure(error: unknown): Failure {
    const failure = failureOf(error);
    this.#eachDraft((_draft, binding) =>
      binding.warn(`A session could not be saved; answered ${failure.status}`, error),
    );
    return failure;
  }

  #eachDraft(visit: (draft: Draft, binding: SessionBinding) => void): void {
    for (const { binding, opened } of this.#openings) if (!(opened instanceof Promise)) visit(opened.draft, binding);
  }
}

function lookedAt(opened: OpenedSession, aligned = true): Session {
  const { draft, session } = opened;
  if (aligned && !draft.sealed) opened.align?.();
  draft.accessed = true;
  return session;
}
