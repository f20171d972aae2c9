import { once } from 'node:events';
import type { INestApplication } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { WsAdapter } from '@nestjs/platform-ws';
import { io, type Socket } from 'socket.io-client';
import { WebSocket } from 'ws';

/** A frame as the client got it: an answer, an `exception`, or what was broadcast. */
export interface Frame {
  readonly event: string;
  readonly data: unknown;
}

/** A client's socket, over either library. */
export interface TestSocket {
  /** Sends, and waits for the next frame. */
  ask(event: string, data?: unknown): Promise<Frame>;
  send(event: string, data?: unknown): void;
  next(): Promise<Frame>;
  /** Resolves with the library's word for why the server has closed it. */
  readonly closed: Promise<string>;
  readonly isOpen: boolean;
  close(): Promise<void>;
}

export interface SocketKind {
  readonly name: string;
  adapt(app: INestApplication): void;
  /** Rejects with what the client is told when it is refused. */
  connect(url: string, cookie: string, options?: { namespace?: string; transports?: string[] }): Promise<TestSocket>;
  /** What `closed` resolves with when the session is over. */
  readonly over: string;
  /** What `connect` rejects with, refused and not now. */
  readonly refused: RegExp;
  readonly later: RegExp;
}

/** Frames in the order they came, for whoever waits for them. */
class Frames {
  readonly #came: Frame[] = [];
  readonly #waiting: ((frame: Frame) => void)[] = [];

  push(frame: Frame): void {
    const waiting = this.#waiting.shift();
    if (waiting) waiting(frame);
    else this.#came.push(frame);
  }

  next(): Promise<Frame> {
    const frame = this.#came.shift();
    return frame ? Promise.resolve(frame) : new Promise((resolve) => this.#waiting.push(resolve));
  }
}

export const SOCKET_IO: SocketKind = {
  name: 'socket.io',
  adapt: (app) => void app.useWebSocketAdapter(new IoAdapter(app)),
  over: 'io server disconnect',
  refused: /^Unauthorized$/,
  later: /^transport close$/,
  async connect(url, cookie, { namespace = '/', transports = ['websocket'] } = {}) {
    const extraHeaders: Record<string, string> = cookie === '' ? {} : { cookie };
    const socket: Socket = io(url + namespace, { transports, extraHeaders, forceNew: true, reconnection: false });
    const frames = new Frames();
    socket.onAny((event: string, data: unknown) => frames.push({ event, data }));
    const closed = new Promise<string>((resolve) => socket.once('disconnect', resolve));
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('connect_error', reject);
      // Cut before there was a socket: the manager tells, and the socket does not.
      socket.io.on('close', (reason) => reason === 'forced close' || reject(new Error(reason)));
    });
    return {
      send: (event, data) => void socket.emit(event, data),
      ask: (event, data) => {
        socket.emit(event, data);
        return frames.next();
      },
      next: () => frames.next(),
      closed,
      get isOpen() {
        return socket.connected;
      },
      close: async () => void socket.disconnect(),
    };
  },
};

export const WS: SocketKind = {
  name: 'ws',
  adapt: (app) => void app.useWebSocketAdapter(new WsAdapter(app)),
  over: '1008 The session is over.',
  refused: /401$/,
  later: /503$/,
  async connect(url, cookie) {
    const headers = cookie === '' ? {} : { cookie };
    const socket = new WebSocket(url.replace('http', 'ws'), { headers });
    const frames = new Frames();
    socket.on('message', (text) => frames.push(JSON.parse(String(text))));
    const closed = new Promise<string>((resolve) =>
      socket.once('close', (code, reason) => resolve(`${code} ${reason}`)),
    );
    await once(socket, 'open');
    socket.on('error', () => {});
    const send = (event: string, data: unknown): void => socket.send(JSON.stringify({ event, data }));
    return {
      send,
      ask: (event, data) => {
        send(event, data);
        return frames.next();
      },
      next: () => frames.next(),
      closed,
      get isOpen() {
        return socket.readyState === WebSocket.OPEN;
      },
      close: async () => {
        socket.close();
        await closed;
      },
    };
  },
};
