import { SessionStoreFullError } from '../../core/errors.js';

/** An item, and the token that a compare-and-set of it takes. */
export interface MemcachedItem {
  readonly value: unknown;
  readonly casUniq: string | number;
}

/**
 * As much of a Memcached client as the store uses: `MemcacheClient` of the npm package `memcache-client` has it.
 *
 * - It talks to one server, and rejects when that server does not answer: a miss on a dead server would log people out.
 * - A refused write rejects with the server's word as the message: `NOT_STORED`, `EXISTS`, `NOT_FOUND`, `SERVER_ERROR …`.
 * - It sends a write once. One that it repeats by itself is refused the second time, though the first one counted.
 *
 * `lifetime` is Memcached's `exptime`, in seconds.
 *
 * Why no other one: `memcached` 2.2.2 says `false` for `EXISTS`, `NOT_FOUND` and `SERVER_ERROR` alike, and takes a server
 * for dead after one `SERVER_ERROR`; `memcache` 1.10.0 gives no token to compare, and a dead server is a miss; `memjs`
 * 1.3.2 has no compare-and-set. `memcache-client` 1.0.5 passed every test of this folder, on Node 20.
 */
export interface MemcachedClient {
  /** `undefined`: the server has no such item. */
  gets(key: string): Promise<MemcachedItem | undefined>;
  add(key: string, value: string, options: { lifetime: number }): Promise<unknown>;
  cas(key: string, value: string, options: { lifetime: number; casUniq: string | number }): Promise<unknown>;
  delete(key: string): Promise<unknown>;
  /** What the client was made with. */
  readonly options?: object;
}

/** How a write ended, when the server has taken it up. */
export type Answer = 'OK' | 'NOT_STORED' | 'EXISTS' | 'NOT_FOUND';

const REFUSALS: ReadonlySet<string> = new Set<Answer>(['NOT_STORED', 'EXISTS', 'NOT_FOUND']);

/** A refusal is an answer; everything else that a client rejects with is a failure. */
export async function answerTo(write: Promise<unknown>): Promise<Answer> {
  try {
    await write;
    return 'OK';
  } catch (error) {
    const message = messageOf(error);
    if (REFUSALS.has(message)) return message as Answer;
    throw fullness(message, error) ?? error;
  }
}

/** What a driver says. An error that stands for several, one for each address of a host, has a code at most. */
export function messageOf(error: unknown): string {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  return String(message || code || error);
}

/** Clients of the application may read these. The cause has Memcached's own words. */
function fullness(message: string, cause: unknown): SessionStoreFullError | undefined {
  if (message.startsWith('SERVER_ERROR object too large')) {
    return new SessionStoreFullError('The session is larger than the session store takes.', { cause });
  }
  if (message.startsWith('SERVER_ERROR out of memory')) {
    return new SessionStoreFullError('The session store is out of memory. Try again shortly.', { cause });
  }
  return undefined;
}
