import type { IncomingMessage } from 'node:http';
import type { Draft } from '../core/draft.js';
import type { SessionEvent } from '../core/events.js';
import { isTouchDue } from '../core/expiry.js';
import type { SessionRecord } from '../core/record.js';
import { Session } from '../core/session.js';
import { NO_TEXTS } from '../core/texts.js';
import type { SocketConnection } from './connection.js';
import { Revalidation } from './revalidation.js';
import type { ScopeBinding } from './scope.js';

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
  readonly #unsubscribe: () => void;

  constructor(
    readonly binding: ScopeBinding,
    private readonly settings: SocketSettings,
  ) {
    this.#revalidation = new Revalidation(settings.revalidate, this.#connections, (id) => this.#revalidate(id));
    this.#unsubscribe = binding.manager.events.subscribe(({ id, type }) => {
      if (id !== undefined && ENDINGS.has(type)) this.#connections.get(id)?.forEach((connection) => connection.end());
    });
  }

  /** Watches no more: the application ends. */
  close(): void {
    this.#revalidation.stop();
    this.#unsubscribe();
  }

  /** Whether a socket may connect, from the session that its handshake brings. */
  async admit(connection: SocketConnection, namespace: string | undefined): Promise<Admission> {
    const draft = await this.open(connection).catch(() => undefined);
    // The store is down, or a login was faster, whose answer with the new cookie has not reached the client yet.
    if (!draft || draft.retired) return 'later';
    return (await this.#mayConnect(connection, draft, namespace)) ? 'admitted' : 'refused';
  }

  async #mayConnect(connection: SocketConnection, draft: Draft, namespace: string | undefined): Promise<boolean> {
    const { admit } = this.settings;
    try {
      const { request } = connection.line;
      return !admit || (await admit(new Session(draft, this.binding.manager), { request, namespace }));
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
    const { clock } = this.binding.manager;
    const seats = [...(this.#connections.get(id) ?? [])].map((connection) => {
      return { connection, record: this.#seats.get(connection)!.record! };
    });
    if (seats.length === 0) return;
    const newest = seats.reduce((one, other) => (other.record.generation > one.record.generation ? other : one));
    const draft = await this.#look(newest.connection).catch(() => undefined);
    for (const { connection, record } of seats) {
      // While the store cannot say, a session lives on, but not for longer than it ever could.
      const isKnown = draft && !draft.unavailable;
      const isOver = isKnown ? !isSame(record, draft.record) : record.absoluteExpiresAt <= clock.now();
      if (isOver) connection.end();
      else if (isKnown) this.#enrol(connection, draft.record!);
    }
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

function isSame(one: SessionRecord, other: SessionRecord | undefined): boolean {
  return one.id === other?.id && one.generation === other.generation;
}
