import type { ServerResponse } from 'node:http';

/** The methods through which an answer begins or goes on. Informational answers (1xx) take none of them. */
export type Method = 'write' | 'end' | 'flushHeaders' | 'writeHead';

export type Send = (...args: unknown[]) => unknown;
export type Drain = (this: ServerResponse) => void;

/** What a gated response asks the one who holds it. */
export interface ResponseHolder {
  /** Whether everything goes straight through. */
  readonly open: boolean;
  /** Whether the caller has begun to send, and must be told so. */
  readonly held: boolean;
  /** Whether what the caller sends is queued. */
  readonly waiting: boolean;
  /** Whether the caller has sent all of it. */
  readonly ended: boolean;
  /** One of the calls that send. `next` is what it would have called without us. */
  send(method: Method, next: Send, args: readonly unknown[]): unknown;
  /** Throws if it is too late to change headers. */
  checkHeader(action: string): void;
  /** A listener that waits for the response to take more, where the response itself cannot tell. */
  listenForDrain(listener: Drain): void;
  /** The connection is closed. */
  closed(): void;
}

/**
 * The one property that a response gets, and its request none: Node gives each of them a shape of its own, so that
 * every property added costs a copy of all of them. A WeakMap would keep the garbage collector busy.
 */
export const HOLDER = Symbol('nest-sessions.holder');
/** Marks prototypes whose methods ask. */
export const ASKING = Symbol('nest-sessions.asking');

export interface GatedResponse extends ServerResponse {
  [HOLDER]?: ResponseHolder;
}

export function holderOf(response: GatedResponse): ResponseHolder | undefined {
  return response[HOLDER];
}

/** A property as a class would define it. */
export function method(value: (...args: never[]) => unknown): PropertyDescriptor {
  return { value, configurable: true, writable: true };
}
