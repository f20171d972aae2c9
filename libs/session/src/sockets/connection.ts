import { endSocket, type Line, type SocketLike } from './line.js';
import { currentMessage } from './message.js';

/** One client's line, and the sockets on it: one of ws, or one of socket.io for every namespace. */
export class SocketConnection {
  readonly #sockets = new Set<SocketLike>();
  #isOver = false;

  constructor(readonly line: Line) {}

  /** Its session is over: what still comes is not heard any more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  add(socket: SocketLike): void {
    this.#sockets.add(socket);
    if (this.#isOver) this.#close(socket);
  }

  remove(socket: SocketLike): void {
    this.#sockets.delete(socket);
  }

  /** Its session is over. A message that has brought that about itself, by a logout say, is answered first. */
  end(): void {
    const message = currentMessage();
    if (message?.connection === this && !message.isAnswered) message.endsConnection = true;
    else this.#end();
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const socket of this.#sockets) this.#close(socket);
  }

  /** Listeners of the application are told, and one that throws must keep neither this socket nor any other open. */
  #close(socket: SocketLike): void {
    try {
      endSocket(socket);
    } catch {
      this.line.cut();
    }
  }
}
