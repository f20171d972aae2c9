import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { SocketIoSocket } from './line.js';
import type { Admission } from './registry.js';
import type { Sockets } from './sockets.js';

/** A server or a namespace of socket.io, as far as it matters here. */
interface SocketIoServer {
  use(middleware: (socket: SocketIoSocket, next: (error?: Error) => void) => void): unknown;
}

/** A server of ws, as far as it matters here. */
interface WebSocketServer {
  handleUpgrade(request: IncomingMessage, stream: Duplex, head: Buffer, done: (...args: unknown[]) => void): void;
}

const guarded = new WeakSet<object>();

/** Has every handshake with a server wait until its session is read: a gateway hears of no socket before that. */
export function guardServer(server: object, sockets: Sockets): void {
  if (guarded.has(server)) return;
  guarded.add(server);
  if (isSocketIoServer(server)) guardSocketIo(server, sockets);
  else if (isWebSocketServer(server)) guardUpgrades(server, sockets);
}

function guardSocketIo(server: SocketIoServer, sockets: Sockets): void {
  server.use(async (socket, next) => {
    const admission = await sockets.admit(socket);
    // socket.io's clients do not come again after an error, but they do when the line was cut.
    if (admission === 'later') sockets.connectionOf(socket).line.cut();
    next(admission === 'admitted' ? undefined : new Error('Unauthorized'));
  });
}

function guardUpgrades(server: WebSocketServer, sockets: Sockets): void {
  const { handleUpgrade } = server;
  server.handleUpgrade = (request, stream, head, done) => {
    // Node has taken its own listener off, and an error without any ends the process.
    stream.on('error', ignore);
    void sockets.admit(request).then((admission) => {
      if (admission !== 'admitted') return refuse(stream, admission);
      stream.off('error', ignore);
      handleUpgrade.call(server, request, stream, head, done);
    });
  };
}

function refuse(stream: Duplex, admission: Admission): void {
  const status = admission === 'later' ? '503 Service Unavailable\r\nRetry-After: 1' : '401 Unauthorized';
  stream.once('finish', () => stream.destroy());
  stream.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

function ignore(): void {}

function isSocketIoServer(server: object): server is SocketIoServer {
  return 'use' in server && typeof server.use === 'function';
}

function isWebSocketServer(server: object): server is WebSocketServer {
  return 'handleUpgrade' in server && typeof server.handleUpgrade === 'function';
}
