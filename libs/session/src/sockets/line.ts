import type { IncomingMessage } from 'node:http';

/** What a socket travels on, from before its handshake is answered until it is gone. */
export interface Line {
  /** The request that asked for the socket. Its headers are all that a socket ever brings of them. */
  readonly request: IncomingMessage;
  readonly isOpen: boolean;
  onClose(listener: () => void): void;
  /** Cuts it, so that the client comes again by itself. */
  cut(): void;
}

/** Engine.io's connection below socket.io's sockets, one for all namespaces. */
export interface EngineConnection {
  readonly request: IncomingMessage;
  readonly readyState: string;
  once(event: 'close', listener: () => void): unknown;
  close(): unknown;
}

/** A socket of socket.io, as far as it matters here. */
export interface SocketIoSocket {
  readonly conn: EngineConnection;
  readonly nsp: { readonly name: string };
  disconnect(close?: boolean): unknown;
}

/** A socket of ws, as far as it matters here. */
export interface WebSocketLike {
  close(code?: number, reason?: string): unknown;
}

/** A client's socket as gateways get it: of socket.io, or of ws. */
export type SocketLike = SocketIoSocket | WebSocketLike;

/** RFC 6455 7.4.1: what the endpoint's policy does not allow. Spring closes with it too. */
const POLICY_VIOLATION = 1008;

/** Closes a socket whose session is over, for good: a client that wants to come again has to ask for it. */
export function endSocket(client: SocketLike): void {
  // Not by cutting the line: socket.io would keep rooms and missed messages for whoever comes back (recovery).
  if (isSocketIo(client)) client.disconnect(true);
  else client.close(POLICY_VIOLATION, 'The session is over.');
}

export function isSocketIo(client: object): client is SocketIoSocket {
  return 'conn' in client && 'nsp' in client;
}

export function engineLine(conn: EngineConnection): Line {
  return {
    request: conn.request,
    get isOpen() {
      return conn.readyState === 'open';
    },
    onClose: (listener) => void conn.once('close', listener),
    cut: () => void conn.close(),
  };
}

export function upgradeLine(request: IncomingMessage): Line {
  const { socket } = request;
  return {
    request,
    get isOpen() {
      return !socket.destroyed;
    },
    onClose: (listener) => void socket.once('close', listener),
    cut: () => void socket.destroy(),
  };
}
