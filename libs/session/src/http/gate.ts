import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { checkChunk, headersSent } from './caller-mistakes.js';
import type { Failure } from './failure.js';
import { endPlainly, gateResponse } from './gated-response.js';
import { applyHead, headersOf, restoreHeaders } from './head.js';
import { holdResponse, releaseResponse } from './held-response.js';
import { type Drain, holderOf, type Method, type ResponseHolder, type Send } from './response-holder.js';
import { markEnded, setStatusMessage, statusMessageOf } from './versions.js';

/** What a gate asks of the scope it belongs to. */
export interface GateKeeper {
  /** Called once, when the first byte is about to leave, to save. `undefined`: nothing to wait for. */
  firstByte(status: number): Promise<void> | undefined;
  /** Called when the connection closed before a byte was sent. */
  abandoned(status: number): void;
  /** Called after a successful commit: the last chance to set headers. */
  head(): void;
  /** What to answer when the commit failed. */
  failure(error: unknown): Failure;
}

/**
 * - `closed`: nothing was sent yet.
 * - `waiting`: the caller has begun to send, and is queued until the commit has answered.
 * - `open`: everything goes straight through.
 * - `failed`: the client was answered with the failure; whatever the caller still sends is swallowed.
 */
type State = 'closed' | 'waiting' | 'open' | 'failed';

type Call = readonly [method: Method, next: Send, args: readonly unknown[]];

/**
 * Holds the first byte of an answer until the session is saved, whichever way the answer takes: a returned value, a
 * redirect, `@Res()`, a stream, an exception filter. While it holds, the response looks to its caller as if it had
 * been sent, since callers ask (`headersSent`, `writableEnded`) before they send again.
 */
export class Gate implements ResponseHolder {
  #state: State;
  #sending = false;
  #queue: Call[] = [];
  #drains: Drain[] = [];
  #ended = false;
  #status = 200;
  #message = '';
  /** What middleware had set before there was a session: it stays whatever the handler says, CORS for example. */
  readonly #before: OutgoingHttpHeaders;

  private constructor(
    private readonly response: ServerResponse,
    readonly keeper: GateKeeper,
  ) {
    // The answer may have begun already: then nothing can be held any more.
    this.#state = response.headersSent ? 'open' : 'closed';
    this.#before = headersOf(response);
  }

  static close(response: ServerResponse, keeper: GateKeeper): Gate {
    const gate = new Gate(response, keeper);
    gateResponse(response, gate);
    return gate;
  }

  get open(): boolean {
    return this.#state === 'open' || this.#sending;
  }

  get held(): boolean {
    return !this.#sending && (this.#state === 'waiting' || this.#state === 'failed');
  }

  get waiting(): boolean {
    return this.held && this.#state === 'waiting';
  }

  get ended(): boolean {
    return this.#ended || this.#state === 'failed';
  }

  send(method: Method, next: Send, args: readonly unknown[]): unknown {
    if (this.#state === 'closed') {
      if (method === 'writeHead') args = applyHead(this.response, args);
      this.#begin();
    } else if (method === 'writeHead' && this.#state === 'waiting') throw headersSent('write');
    if (this.#state === 'waiting') return this.#enqueue(method, next, args);
    if (this.#state === 'open') return Reflect.apply(next, this.response, args);
    return this.#swallow(method, args);
  }

  /** The answer is the failure. Whoever sends on is let run out, callbacks and all. */
  #swallow(method: Method, args: readonly unknown[]): unknown {
    if (method === 'write' || method === 'end') callBack(args);
    return method === 'write' ? true : this.response;
  }

  /** A header set after the caller has begun to send is the caller's mistake, as it is without us. */
  checkHeader(action: string): void {
    if (this.held) throw headersSent(action);
  }

  /** The handler's work came to nothing: what it said about it in headers goes, for whoever answers instead. */
  forgetHandler(): void {
    if (!this.response.headersSent) restoreHeaders(this.response, this.#before);
  }

  listenForDrain(listener: Drain): void {
    // Also before the first byte: pipeline() listens before it writes.
    if (this.#state === 'closed' || this.#state === 'waiting') this.#drains.push(listener);
  }

  /** The client went away, or the answer is complete. What was not saved because nothing was ever sent is saved now. */
  closed(): void {
    if (this.#state !== 'closed') return;
    this.keeper.abandoned(this.response.statusCode);
  }

  /** The first byte is about to leave. */
  #begin(): void {
    this.#state = 'waiting';
    const status = this.response.statusCode;
    let work: Promise<void> | undefined;
    try {
      work = this.keeper.firstByte(status);
    } catch (error) {
      return this.#fail(error);
    }
    if (!work) this.#open();
    else {
      this.#status = status;
      this.#message = statusMessageOf(this.response);
      holdResponse(this.response);
      const answered = work.then(() => this.#replay()).catch((error: unknown) => this.#fail(error));
      // What middleware has put on the response throws again, and has no caller: that must not end the process.
      answered.catch(() => this.response.destroy());
    }
  }

  #open(): void {
    this.#state = 'open';
    this.keeper.head();
  }

  #enqueue(method: Method, next: Send, args: readonly unknown[]): unknown {
    holdResponse(this.response);
    if (method === 'write' || (method === 'end' && args[0] && typeof args[0] !== 'function')) checkChunk(args[0]);
    this.#queue.push([method, next, args]);
    if (method === 'write') return false;
    if (method === 'end') {
      this.#ended = true;
      markEnded(this.response, true);
    }
    return this.response;
  }

  #replay(): void {
    const { response } = this;
    markEnded(response, false);
    response.statusCode = this.#status;
    setStatusMessage(response, this.#message);
    releaseResponse(response);
    this.#open();
    let flowing = true;
    for (const [method, next, args] of this.#queue) {
      const result = Reflect.apply(next, response, args);
      if (method === 'write') flowing = result === true;
    }
    this.#queue = [];
    if (flowing && !this.#ended) this.#drain();
  }

  /** Writers were told to wait for a drain that a response which never filled up will not emit. */
  #drain(): void {
    for (const drain of this.#drains.splice(0)) drain.call(this.response);
    this.response.emit('drain');
  }

  /** Nothing the handler said is true any more: its headers go, its body is dropped, the failure is told instead. */
  #fail(error: unknown): void {
    const { response } = this;
    const { status, headers, body } = this.keeper.failure(error);
    const unsent = this.#queue;
    this.#queue = [];
    if (this.#state === 'open' && response.headersSent) {
      // The caller sent something that Node refuses, and it is too late to answer anything else.
      response.destroy();
      return;
    }
    this.#sending = true;
    markEnded(response, false);
    restoreHeaders(response, this.#before);
    response.statusCode = status;
    setStatusMessage(response, '');
    // A token stored before the failure is already the only one that opens the session.
    this.keeper.head();
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    // Who is not done with sending learns it from the connection, as if the client had left.
    if (!this.#ended) response.shouldKeepAlive = false;
    response.on('unpipe', (source: Readable) => source.destroy());
    // What middleware has put on the response would go on after the gate has closed again.
    endPlainly(response, body);
    this.#sending = false;
    this.#state = 'failed';
    holdResponse(response);
    for (const [method, , args] of unsent) this.#swallow(method, args);
    this.#drain();
  }
}

/** Who keeps the gate of a response, if it has one. */
export function keeperOf(response: ServerResponse): GateKeeper | undefined {
  return (holderOf(response) as Gate | undefined)?.keeper;
}

function callBack(args: readonly unknown[]): void {
  const callback = args.findLast((arg) => typeof arg === 'function') as (() => void) | undefined;
  if (callback) process.nextTick(callback);
}
