import type { IncomingMessage } from 'node:http';
import { guardServer } from './door.js';
import { isSocketIo, type SocketIoSocket, type SocketLike } from './line.js';
import { connectionOf, type Sockets } from './sockets.js';

interface MessageHandler {
  readonly message: unknown;
  readonly callback: (...args: never[]) => unknown;
}

type OnConnect = (socket: SocketLike, ...rest: unknown[]) => unknown;

/** Nest's `WebSocketAdapter`, as far as it matters here. */
export interface GatewayAdapter {
  bindClientConnect(server: object, onConnect: OnConnect): unknown;
  bindClientDisconnect?(socket: SocketLike, onDisconnect: () => void): unknown;
  bindMessageHandlers(socket: SocketLike, handlers: MessageHandler[], transform: unknown): unknown;
}

const prepared = new WeakMap<object, Sockets>();

/**
 * Brings sessions to the gateways behind an adapter, whichever it is: handshakes wait for theirs, sockets are known by
 * them, and every handler of a message runs in a scope of its own.
 */
export function prepareAdapter(adapter: GatewayAdapter, sockets: Sockets): void {
  if (prepared.get(adapter) === sockets) return;
  prepared.set(adapter, sockets);
  const { bindClientConnect, bindMessageHandlers } = adapter;
  adapter.bindClientConnect = (server, onConnect) => {
    guardServer(server, sockets);
    return bindClientConnect.call(adapter, server, (socket, ...rest) => {
      const handshake = handshakeOf(socket, rest[0]);
      if (handshake) connect(adapter, sockets, socket, handshake);
      // Its session has ended since the handshake: a gateway that heard of it now would never hear that it has gone.
      return connectionOf(socket)?.connection.isOver ? undefined : onConnect(socket, ...rest);
    });
  };
  adapter.bindMessageHandlers = (socket, handlers, transform) => {
    const { connection } = connectionOf(socket) ?? {};
    const scoped = handlers.map((handler): MessageHandler => {
      const { callback, message } = handler;
      if (!connection) return handler;
      return {
        ...handler,
        callback: (...args) => sockets.run(connection, String(message), async () => callback(...args)),
      };
    });
    return bindMessageHandlers.call(adapter, socket, scoped, transform);
  };
}

function connect(
  adapter: GatewayAdapter,
  sockets: Sockets,
  socket: SocketLike,
  handshake: SocketIoSocket | IncomingMessage,
): void {
  // Several gateways may have the same socket.
  if (connectionOf(socket)) return;
  const connection = sockets.connected(socket, handshake);
  adapter.bindClientDisconnect?.(socket, () => connection.remove(socket));
}

/** ws gives the request beside the socket. Of other adapters' sockets nothing is known. */
function handshakeOf(socket: SocketLike, request: unknown): SocketIoSocket | IncomingMessage | undefined {
  if (isSocketIo(socket)) return socket;
  return typeof request === 'object' && request !== null && 'headers' in request
    ? (request as IncomingMessage)
    : undefined;
}
