import { setTimeout as sleep } from 'node:timers/promises';
import { SessionConfigError } from '../../core/errors.js';
import type { SessionRecord } from '../../core/record.js';
import type {
  Expectation,
  Pingable,
  SessionChange,
  SessionStore,
  SessionStoreGuarantees,
  UpdateResult,
} from '../../core/store.js';
import { type Answer, answerTo } from './memcached.client.js';
import { MemcachedHealth } from './memcached.health.js';
import { type MemcachedServers, ServerChoice } from './memcached.servers.js';
import { changed, extended, holds } from '../../core/record.change.js';
import { textOf } from '../../core/record.text.js';
import { Turns } from '../../core/turns.js';
import { AT_ONCE, lifetimeOf, recordIn } from './session.item.js';

export interface MemcachedSessionStoreOptions {
  /** What keys begin with: 1 to 200 printable ASCII characters without blanks. @default 'session:' */
  prefix?: string;
}

/** Memcached takes 250 bytes without blanks and control characters, and more than that as the next command. */
const PREFIX = /^[!-~]{1,200}$/;
const ID = /^[A-Za-z0-9_-]{24}$/;

/** How often a write is tried that other processes keep overtaking. One of them succeeds each time. */
const ATTEMPTS = 30;
/** Milliseconds: the longest pause between two attempts. */
const LONGEST_PAUSE = 50;

/**
 * Keeps sessions in Memcached: one server, or several that share the sessions out among them.
 *
 * ```ts
 * import { MemcacheClient } from 'memcache-client';
 *
 * const client = (server: string) => new MemcacheClient({ server, cmdTimeout: 1_000, connectTimeout: 1_000 });
 * new MemcachedSessionStore(client('10.0.0.1:11211'));
 * new MemcachedSessionStore({ 'cache-1': client('10.0.0.1:11211'), 'cache-2': client('10.0.0.2:11211') });
 * ```
 *
 * **It is a cache.** A server that runs short of memory throws away sessions in use, and one that restarts all of its
 * own: their users are logged out. A server that does not answer is a failure (503) for its sessions, never a logout.
 *
 * Give every process the same servers by the same names. To change them, stop the application, `flush_all` every server,
 * and start it: a server that was left out for a while would bring back sessions that were ended meanwhile. For the same
 * reason no proxy may keep copies or send keys elsewhere when a server fails.
 *
 * A session may be as large as Memcached's items (`-I`, 1 MiB). What does not fit is refused with a
 * `SessionStoreFullError`, and what was stored before stays.
 */
export class MemcachedSessionStore implements SessionStore, Pingable {
  /**
   * Not listable: Memcached has no sets, and an index kept as an item of its own can be evicted. A `revokeAll` that
   * silently misses sessions is worse than none; so is an epoch that is forgotten.
   */
  readonly guarantees: SessionStoreGuarantees = {
    atomicUpdate: true,
    oneLiveToken: true,
    revocable: true,
    listable: false,
  };

  readonly #servers: ServerChoice;
  readonly #prefix: string;
  readonly #health: MemcachedHealth;
  readonly #turns = new Turns();

  constructor(servers: MemcachedServers, { prefix = 'session:' }: MemcachedSessionStoreOptions = {}) {
    if (typeof prefix !== 'string' || !PREFIX.test(prefix)) {
      throw new SessionConfigError(
        `prefix must be 1 to 200 printable ASCII characters without blanks, not ${JSON.stringify(prefix)}.`,
      );
    }
    this.#servers = new ServerChoice(servers);
    this.#prefix = prefix;
    this.#health = new MemcachedHealth(this.#servers, prefix);
  }

  async create(record: SessionRecord): Promise<boolean> {
    const { createdAt, id } = record;
    if (!isId(id)) throw new TypeError('A session id has 24 characters of base64url; this one has not.');
    const options = { lifetime: lifetimeOf(record, createdAt) };
    return (await answerTo(this.#servers.for(id).add(this.#prefix + id, textOf(record), options))) === 'OK';
  }

  async read(id: string, now: number): Promise<SessionRecord | undefined> {
    const found = await this.#find(id);
    return found && found.record.expiresAt > now ? found.record : undefined;
  }

  update(id: string, change: SessionChange, now: number): Promise<UpdateResult> {
    return this.#write(id, change.expect, now, (record) => changed(record, change));
  }

  touch(id: string, expiresAt: number, now: number, expect: Expectation): Promise<UpdateResult> {
    return this.#write(id, expect, now, (record) => {
      const end = extended(record, expiresAt);
      return end === record.expiresAt ? record : { ...record, expiresAt: end };
    });
  }

  /** A write under way finds nothing left to compare with, so it cannot bring the session back. */
  async delete(id: string, expect?: Expectation): Promise<boolean> {
    if (!isId(id)) return false;
    // `delete` knows no condition. A compare-and-set that expires at once is the same in one step.
    if (expect) return (await this.#write(id, expect, 0, () => undefined)) === 'ok';
    return (await answerTo(this.#servers.for(id).delete(this.#prefix + id))) === 'OK';
  }

  /** Whether every server takes sessions and compares. Warns, once, that Memcached is a cache. */
  ping(): Promise<void> {
    return this.#health.check();
  }

  /** Compare-and-set, again for as long as others are faster and the expectation still holds. */
  #write(
    id: string,
    expect: Expectation,
    now: number,
    change: (record: SessionRecord) => SessionRecord | undefined,
  ): Promise<UpdateResult> {
    return this.#turns.take(id, async () => {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const found = await this.#find(id);
        if (!found || found.record.expiresAt <= now) return 'gone';
        if (!holds(found.record, expect)) return 'conflict';
        const after = change(found.record);
        if (after === found.record) return 'ok';
        const answer = await this.#swap(id, found.casUniq, after, now);
        if (answer === 'OK') return 'ok';
        if (answer !== 'EXISTS') return 'gone';
        await sleep(Math.random() * Math.min(LONGEST_PAUSE, 2 ** attempt));
      }
      return 'conflict';
    });
  }

  async #find(id: string): Promise<{ record: SessionRecord; casUniq: string | number } | undefined> {
    if (!isId(id)) return undefined;
    const item = await this.#servers.for(id).gets(this.#prefix + id);
    return item && { record: recordIn(item.value, id), casUniq: item.casUniq };
  }

  /** `undefined` ends the record. */
  #swap(id: string, casUniq: string | number, after: SessionRecord | undefined, now: number): Promise<Answer> {
    const lifetime = after ? lifetimeOf(after, now) : AT_ONCE;
    const text = after ? textOf(after) : '';
    return answerTo(this.#servers.for(id).cas(this.#prefix + id, text, { lifetime, casUniq }));
  }
}

/** The core has checked it; here it is about what gets into a line of the protocol (CVE-2020-13254). */
function isId(id: unknown): boolean {
  return typeof id === 'string' && ID.test(id);
}
