import type { IncomingMessage } from 'node:http';
import { concat, concatMap, defer, finalize, from, ignoreElements, isObservable, mergeMap, Observable, of } from 'rxjs';
import { SessionModuleMissingError } from '../core/errors.js';
import { SocketConnection } from './connection.js';
import { engineLine, isSocketIo, type SocketIoSocket, type SocketLike, upgradeLine } from './line.js';
import { currentMessage, runInMessage, type SocketMessage } from './message.js';
import { type Admission, SocketRegistry, type SocketSettings } from './registry.js';
import { MessageScope, type ScopeBinding } from './scope.js';

interface Known {
  readonly sockets: Sockets;
  readonly connection: SocketConnection;
  /** What the handshake has read, while gateways are told of the socket. */
  greeting: MessageScope | undefined;
}

/** The sockets that gateways have got, of all applications. */
const known = new WeakMap<object, Known>();

/** All sockets of one application. */
export class Sockets {
  readonly #registries = new Map<ScopeBinding, SocketRegistry>();
  /** By what is there before there is a socket: engine.io's connection, or the request for an upgrade. */
  readonly #lines = new WeakMap<object, SocketConnection>();
  /** Handshakes that were asked about, with what was read for it until it has been used. */
  readonly #asked = new WeakMap<object, MessageScope | undefined>();

  add(binding: ScopeBinding, settings: SocketSettings): SocketRegistry {
    const registry = new SocketRegistry(binding, settings);
    this.#registries.set(binding, registry);
    return registry;
  }

  /** Whether a socket may connect: every session has to agree. `handshake`: a socket of socket.io, or a request. */
  async admit(handshake: SocketIoSocket | IncomingMessage): Promise<Admission> {
    const connection = this.connectionOf(handshake);
    const { request } = connection.line;
    const scope = this.scopeOf(connection);
    this.#asked.set(handshake, scope);
    const namespace = isSocketIo(handshake) ? handshake.nsp.name : undefined;
    for (const registry of this.#registries.values()) {
      const admission = await registry.admit(scope, { request, namespace });
      if (admission !== 'admitted') return admission;
    }
    return connection.isOver ? 'later' : 'admitted';
  }

  connectionOf(handshake: SocketIoSocket | IncomingMessage): SocketConnection {
    const key = isSocketIo(handshake) ? handshake.conn : handshake;
    let connection = this.#lines.get(key);
    if (!connection) {
      connection = new SocketConnection(isSocketIo(handshake) ? engineLine(handshake.conn) : upgradeLine(handshake));
      this.#lines.set(key, connection);
    }
    return connection;
  }

  /** A socket is there, before its gateway hears of it. */
  connected(socket: SocketLike, handshake: SocketIoSocket | IncomingMessage): SocketConnection {
    const connection = this.connectionOf(handshake);
    this.#greet(socket, connection, handshake);
    connection.add(socket);
    // Recovered ones come past all middleware of socket.io, and other adapters may have none.
    if (!this.#asked.has(handshake)) {
      void this.admit(handshake).then((admission) => {
        if (admission === 'refused') connection.end();
        if (admission === 'later') connection.line.cut();
      });
    }
    return connection;
  }

  /**
   * `handleConnection` looks at what the handshake has read. Nest lets go of the promise that it returns, so a store that
   * fails between the two would end the process.
   */
  #greet(socket: SocketLike, connection: SocketConnection, handshake: object): void {
    const entry: Known = { sockets: this, connection, greeting: this.#asked.get(handshake) };
    known.set(socket, entry);
    setImmediate(() => {
      entry.greeting = undefined;
      if (this.#asked.has(handshake)) this.#asked.set(handshake, undefined);
    });
  }

  /**
   * A handler of a message at work, with its answers, which wait for what it ended to have ended. With an interceptor
   * Nest runs handlers only when somebody subscribes, so that is what happens inside of the message.
   */
  run(connection: SocketConnection, pattern: string, work: () => Promise<unknown>): Observable<unknown> {
    return new Observable((subscriber) => {
      if (connection.isOver) return subscriber.complete();
      const message = this.#message(connection);
      const finish = (): Promise<boolean> => this.#finish(message, pattern);
      return runInMessage(message, () => {
        this.#signOfLife(message);
        const answers = from(work()).pipe(mergeMap((result) => (isObservable(result) ? result : of(result))));
        // Rather no answer than half the truth.
        const held = answers.pipe(concatMap(async (answer) => ((await finish()) ? answer : undefined)));
        return concat(held, defer(finish).pipe(ignoreElements()))
          .pipe(finalize(() => this.#answered(message)))
          .subscribe(subscriber);
      });
    });
  }

  /** What a message that comes now would work with. */
  scopeOf(connection: SocketConnection): MessageScope {
    return new MessageScope(async (binding) => {
      const registry = this.#registries.get(binding);
      if (registry) return registry.open(connection);
      throw new SessionModuleMissingError(
        `This socket belongs to another application than the session '${binding.manager.policy.name}' that was asked for.`,
      );
    });
  }

  #message(connection: SocketConnection): SocketMessage {
    const bindings = [...this.#registries.keys()];
    const find = (name: string): ScopeBinding | undefined =>
      bindings.find(({ manager }) => manager.policy.name === name);
    return { connection, scope: this.scopeOf(connection), find, isAnswered: false, endsConnection: false };
  }

  async #finish(message: SocketMessage, pattern: string): Promise<boolean> {
    const finished = await message.scope.finish(`The handler of the message '${pattern}'`);
    if (!finished) message.endsConnection = true;
    this.#answered(message);
    return finished;
  }

  /** What is answered leaves before the immediate: an endless stream of answers does not keep the socket. */
  #answered(message: SocketMessage): void {
    message.isAnswered = true;
    if (message.endsConnection) setImmediate(() => message.connection.end());
  }

  /** Also where the handler does not look at the session. */
  #signOfLife({ connection, scope }: SocketMessage): void {
    for (const [binding, registry] of this.#registries) {
      if (registry.isTouchDue(connection)) scope.session(binding).catch(() => {});
    }
  }
}

/** The connection of a socket as gateways get it. */
export function connectionOf(socket: object): Known | undefined {
  return known.get(socket);
}

/** What a socket's work is done with: that of the message being handled, if it is one of this socket. */
export function scopeOfSocket(socket: object): MessageScope | undefined {
  const { connection, greeting, sockets } = connectionOf(socket) ?? {};
  const message = currentMessage();
  if (message && message.connection === connection) return message.scope;
  return greeting ?? (connection && sockets?.scopeOf(connection));
}
