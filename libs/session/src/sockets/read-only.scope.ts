import type { IncomingMessage } from 'node:http';
import type { Draft } from '../core/draft.js';
import type { Session } from '../core/session.js';
import { MessageScope, type ScopeBinding } from './scope.js';

/** What was read of a session counts as fresh for so long. Milliseconds. */
const FRESH = 1_000;

/**
 * The sessions of an operation that came over a socket. The token is the one of the request that opened the socket.
 * Nothing is saved at the end, so setting a field throws; what saves at once, `update()` and `touch()`, works.
 */
export class ReadOnlyScope {
  readonly #sessions = new MessageScope((binding) => this.#read(binding));
  readonly #used = new Set<ScopeBinding>();

  constructor(private readonly request: IncomingMessage) {}

  /** Loads a session without looking at it: an outage is told to the first who does. */
  async preload(binding: ScopeBinding): Promise<void> {
    await this.#sessions.open(binding).catch(() => {});
  }

  /** The session, for code that is going to look at it. Loaded once, however many ask. */
  async session(binding: ScopeBinding): Promise<Session> {
    const { draft, session } = await this.#sessions.open(binding);
    draft.accessed = true;
    return session;
  }

  /**
   * Reads a session again that was looked at and read more than a second ago: whoever asks for it from here on gets the new
   * one. `false`: it has ended or changed hands.
   */
  async renew(binding: ScopeBinding): Promise<boolean> {
    const before = await this.#sessions.open(binding).catch(() => undefined);
    // Whoever looked was told; whoever looks from here on may have more luck.
    if (!before) return this.#sessions.forget(binding);
    const { accessed, openedAt, record, unavailable } = before.draft;
    // A token that opened nothing never will: a stranger's events cost no store call.
    const isStranger = !record && !unavailable;
    if (!accessed || isStranger || binding.manager.clock.now() - openedAt < FRESH) return true;
    this.#sessions.forget(binding);
    const { draft } = await this.#sessions.open(binding);
    draft.accessed = true;
    return !record || (draft.record?.id === record.id && draft.record.generation === record.generation);
  }

  async #read(binding: ScopeBinding): Promise<Draft> {
    const { manager, transport } = binding;
    const draft = await manager.open(transport.read(this.request));
    draft.sealed = true;
    // Somebody sent something: a sign of life. The events that it brings are none.
    if (!this.#used.has(binding)) await manager.commit(draft);
    this.#used.add(binding);
    return draft;
  }
}
