import type { IncomingMessage } from 'node:http';
import type { Draft } from '../core/draft.js';
import type { SessionEvent } from '../core/events.js';
import { endOf, isTouchDue } from '../core/expiry.js';
import type { SessionRecord } from '../core/record.js';
import type { Session } from '../core/session.js';
import { NO_TEXTS } from '../core/texts.js';
import type { SocketConnection } from './connection.js';
import { Revalidation } from './revalidation.js';
import type { MessageScope, ScopeBinding } from './scope.js';

/** What is known of who asks for a socket. */
export interface SocketHandshake {
  readonly request: IncomingMessage;
  /** socket.io's, '/' for the main one; `undefined` with ws. */
  readonly namespace: string | undefined;
}

export type AdmitSocket = (session: Session, handshake: SocketHandshake) => boolean | Promise<boolean>;

export interface SocketSettings {
  /** How often sessions are looked at for what other processes did to them. Milliseconds. */
  readonly revalidate: number | false;
  readonly admit?: AdmitSocket;
}

/** The answer to a handshake. `'later'`: it cannot be said right now, and the client is to ask again. */
export type Admission = 'admitted' | 'refused' | 'later';

/** What is known of the session of a connection. Without a record: it has none, and its token never opens one. */
interface Seat {
  record?: SessionRecord;
  /** Not while a touch is under way, and never where the session is its token. */
  mayTouch: boolean;
}

/** After these nobody who came by the old token is to hear or say anything any more. */
const ENDINGS: ReadonlySet<SessionEvent['type']> = new Set(['ended', 'login', 'regenerated']);

/**
 * The sockets of one named session, by the id of theirs. A socket lives as long as the token it came with: it is closed
 * when the session ends, or changes hands, or gets another token.
 */
export class SocketRegistry {
  readonly #seats = new WeakMap<SocketConnection, Seat>();
  readonly #connections = new Map<string, Set<SocketConnection>>();
  readonly #revalidation: Revalidation;
  #unsubscribe: (() => void) | undefined;

  constructor(
    readonly binding: ScopeBinding,
    private readonly settings: SocketSettings,
  ) {
    this.#revalidation = new Revalidation(settings.revalidate, this.#connections, (id) => this.#revalidate(id));
  }

  /** Watches no more: the application ends. */
  close(): void {
    this.#revalidation.stop();
    this.#unsubscribe?.();
    // A handshake may still be under way.
    this.#unsubscribe = () => {};
  }

  /** Whether a socket may connect, from the session that its handshake brings. */
  async admit(scope: MessageScope, handshake: SocketHandshake): Promise<Admission> {
    const opened = await scope.open(this.binding).catch(() => undefined);
    // The store is down, or a login was faster, whose answer with the new cookie has not reached the client yet.
    if (!opened || opened.draft.retired) return 'later';
    if (await this.#mayConnect(opened.session, handshake)) return 'admitted';
    // Not as a stranger. Who it is cannot be said right now.
    return opened.draft.unavailable ? 'later' : 'refused';
  }

  async #mayConnect(session: Session, handshake: SocketHandshake): Promise<boolean> {
    const { admit } = this.settings;
    try {
      return !admit || (await admit(session, handshake));
    } catch (error) {
      this.binding.warn('A socket was refused, because sockets.admit threw', error);
      return false;
    }
  }

  /** The session of a connection, read anew. */
  async open(connection: SocketConnection): Promise<Draft> {
    const seat = this.#seats.get(connection);
    // A token that opened nothing never will: a stranger's messages cost no store call.
    const isStranger = seat !== undefined && !seat.record;
    const { manager, transport } = this.binding;
    const presented = isStranger ? [] : transport.read(connection.line.request);
    const ended = new Set<string>();
    const unsubscribe = manager.events.subscribe(({ id, type }) => {
      if (id !== undefined && ENDINGS.has(type)) ended.add(id);
    });
    try {
      const draft = await manager.openWithoutResponse(presented);
      this.#seat(connection, draft, ended);
      return draft;
    } finally {
      unsubscribe();
    }
  }

  /** Whether a message would be worth a touch. */
  isTouchDue(connection: SocketConnection): boolean {
    const { manager } = this.binding;
    const { mayTouch, record } = this.#seats.get(connection) ?? {};
    return record !== undefined && mayTouch === true && isTouchDue(record, manager.policy, manager.clock.now());
  }

  /** `ended`: the sessions that were over before their record was here. */
  #seat(connection: SocketConnection, draft: Draft, ended: ReadonlySet<string>): void {
    const { record, retired, unavailable } = draft;
    if (unavailable) return;
    const before = this.#seats.get(connection)?.record;
    const isOver = before ? !isSame(before, record) : record !== undefined && ended.has(record.id);
    if (isOver) return connection.end();
    if (record) this.#enrol(connection, record, draft.unanswerable !== 'change');
    else if (!retired) this.#seats.set(connection, { mayTouch: false });
    draft.touched = true;
    if (this.isTouchDue(connection)) this.#touch(connection, draft);
  }

  #enrol(connection: SocketConnection, record: SessionRecord, mayTouch = false): void {
    const { id } = record;
    const seat = this.#seats.get(connection);
    if (seat) seat.record = withoutData(record);
    if (seat || !connection.line.isOpen) return;
    this.#seats.set(connection, { record: withoutData(record), mayTouch });
    const others = this.#connections.get(id) ?? new Set();
    this.#connections.set(id, others.add(connection));
    connection.line.onClose(() => {
      if (others.delete(connection) && others.size === 0) this.#connections.delete(id);
    });
    this.#revalidation.start();
    this.#unsubscribe ??= this.#listen();
  }

  #listen(): () => void {
    return this.binding.manager.events.subscribe(({ id, type }) => {
      if (id !== undefined && ENDINGS.has(type)) this.#connections.get(id)?.forEach((connection) => connection.end());
    });
  }

  /** A message is a sign of life. What becomes of the touch is nothing that the message waits for. */
  #touch(connection: SocketConnection, draft: Draft): void {
    const seat = this.#seats.get(connection);
    if (!seat) return;
    seat.mayTouch = false;
    void this.binding.manager
      .touch(draft)
      .catch(() => {})
      .then(() => {
        seat.mayTouch = true;
        if (seat.record && isSame(seat.record, draft.record)) seat.record = withoutData(draft.record!);
      });
  }

  /** One read for all sockets of a session: those that did not come by the token that is live are closed. */
  async #revalidate(id: string): Promise<void> {
    const seats = [...(this.#connections.get(id) ?? [])].map((connection) => {
      return { connection, record: this.#seats.get(connection)!.record! };
    });
    if (seats.length === 0) return;
    const newest = seats.reduce((one, other) => (isNewer(other.record, one.record) ? other : one));
    const draft = await this.#look(newest.connection).catch(() => undefined);
    for (const { connection, record } of seats) {
      if (this.#isOver(record, draft)) connection.end();
      // Where the session is its token, every connection has a record of its own.
      else if (draft?.record && draft.unanswerable !== 'change') this.#enrol(connection, draft.record);
    }
  }

  #isOver(record: SessionRecord, draft: Draft | undefined): boolean {
    const { clock, policy } = this.binding.manager;
    // While the store cannot say, a session lives on, but not for longer than it ever could.
    if (!draft || draft.unavailable) return record.absoluteExpiresAt <= clock.now();
    if (!isSame(record, draft.record)) return true;
    return draft.unanswerable === 'change' && endOf(record, policy) <= clock.now();
  }

  async #look(connection: SocketConnection): Promise<Draft> {
    const { manager, transport } = this.binding;
    return manager.openWithoutResponse(transport.read(connection.line.request));
  }
}

/** Thousands of sockets are no reason to keep everybody's data in memory. */
function withoutData(record: SessionRecord): SessionRecord {
  return { ...record, fields: NO_TEXTS };
}

function isNewer(one: SessionRecord, other: SessionRecord): boolean {
  return (one.generation - other.generation || one.expiresAt - other.expiresAt) > 0;
}

function isSame(one: SessionRecord, other: SessionRecord | undefined): boolean {
  return one.id === other?.id && one.generation === other.generation;
}
