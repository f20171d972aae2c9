import type { IncomingMessage } from 'node:http';
import type { Draft } from '../core/draft.js';
import { Session } from '../core/session.js';
import type { SessionBinding } from './binding.js';

interface Opened {
  readonly draft: Draft;
  readonly session: Session;
}

/** What was read of a session counts as fresh for so long. Milliseconds. */
const FRESH = 1_000;

/**
 * The sessions of somebody who cannot be answered with a cookie: an operation that came over a socket. The token is the
 * one of the request that opened the socket. Nothing is saved at the end, so setting a field throws; what saves at once,
 * `update()` and `touch()`, works.
 */
export class ReadOnlyScope {
  readonly #openings = new Map<SessionBinding, Promise<Opened>>();

  constructor(private readonly request: IncomingMessage) {}

  /** Loads a session without looking at it: an outage is told to the first who does. */
  async preload(binding: SessionBinding): Promise<void> {
    await this.#used(binding).catch(() => {});
  }

  /** The session, for code that is going to look at it. Loaded once, however many ask. */
  async session(binding: SessionBinding): Promise<Session> {
    const { draft, session } = await this.#used(binding);
    draft.accessed = true;
    return session;
  }

  /**
   * Reads a session again that was looked at and read more than a second ago: whoever asks for it from here on gets the new
   * one. `false`: it has ended or changed hands.
   */
  async renew(binding: SessionBinding): Promise<boolean> {
    const before = await this.#used(binding).catch(() => undefined);
    // Whoever looked was told; whoever looks from here on may have more luck.
    if (!before) return this.#openings.delete(binding);
    const { accessed, openedAt, record } = before.draft;
    if (!accessed || binding.manager.clock.now() - openedAt < FRESH) return true;
    const { draft } = await this.#open(binding);
    draft.accessed = true;
    return !record || (draft.record?.id === record.id && draft.record.generation === record.generation);
  }

  #used(binding: SessionBinding): Promise<Opened> {
    return this.#openings.get(binding) ?? this.#use(binding);
  }

  /** Somebody sent something: a sign of life. */
  #use(binding: SessionBinding): Promise<Opened> {
    const used = this.#open(binding).then(async (opened) => {
      await binding.manager.commit(opened.draft);
      return opened;
    });
    this.#openings.set(binding, used);
    return used;
  }

  #open(binding: SessionBinding): Promise<Opened> {
    const opening = this.#read(binding);
    this.#openings.set(binding, opening);
    return opening;
  }

  async #read({ manager, transport }: SessionBinding): Promise<Opened> {
    const draft = await manager.open(transport.read(this.request));
    draft.sealed = true;
    return { draft, session: new Session(draft, manager) };
  }
}
