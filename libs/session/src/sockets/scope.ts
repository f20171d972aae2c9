import type { Draft } from '../core/draft.js';
import type { SessionManager } from '../core/manager.js';
import { Session } from '../core/session.js';
import type { SessionTransport } from '../transport/transport.js';

/** One named session, as far as work without a response knows it. */
export interface ScopeBinding {
  readonly manager: SessionManager;
  readonly transport: SessionTransport;
  warn(message: string, error?: unknown): void;
}

/** A session that was read, and the application's view of it. */
interface Opened {
  readonly draft: Draft;
  readonly session: Session;
}

/**
 * Everything that work without a response, one message of a socket say, has to do with its sessions. Each is read when
 * somebody asks for the first time, and nothing is saved but by `save()` and `update()`.
 */
export class MessageScope {
  readonly #openings = new Map<ScopeBinding, Promise<Opened>>();
  readonly #opened = new Map<ScopeBinding, Opened>();

  /** `read`: finds the session that the work belongs to, by `manager.openWithoutResponse()`. */
  constructor(private readonly read: (binding: ScopeBinding) => Promise<Draft>) {}

  /** Read once, however many ask. */
  async session(binding: ScopeBinding): Promise<Session> {
    return (await this.open(binding)).session;
  }

  /** The same, with what was found. */
  open(binding: ScopeBinding): Promise<Opened> {
    let opening = this.#openings.get(binding);
    if (!opening) this.#openings.set(binding, (opening = this.#open(binding)));
    return opening;
  }

  /** Whoever asks from here on makes it be read again. */
  forget(binding: ScopeBinding): boolean {
    return this.#openings.delete(binding);
  }

  async #open(binding: ScopeBinding): Promise<Opened> {
    const draft = await this.read(binding);
    const opened = { draft, session: new Session(draft, binding.manager) };
    this.#opened.set(binding, opened);
    return opened;
  }

  /**
   * When the work is done: waits for what is ending, and tells of changes that nobody saved. `false`: something could
   * not be ended.
   */
  async finish(what: string): Promise<boolean> {
    const finished = await Promise.all([...this.#opened].map(([binding, { draft }]) => finish(what, binding, draft)));
    return finished.every(Boolean);
  }
}

async function finish(what: string, { manager, warn }: ScopeBinding, draft: Draft): Promise<boolean> {
  if (draft.ends.length === 0 && !draft.committing) {
    if (isUnsaved(draft)) warn(`${what} changed the session and did not save it. ${MEND}`);
    return true;
  }
  try {
    await manager.commit(draft);
    return true;
  } catch (error) {
    warn(`${what} could not end the session`, error);
    return false;
  }
}

const MEND =
  'Without a response nothing is saved for you: say await session.save() when you are done, or use session.update().';

function isUnsaved(draft: Draft): boolean {
  try {
    return draft.hasWrites(draft.delta());
  } catch {
    // What cannot be encoded has not been saved either.
    return true;
  }
}
