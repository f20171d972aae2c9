import { SessionConfigError } from '../../core/errors.js';
import type { SessionRecord } from '../../core/record.js';
import { isNodeRedis, type NodeRedisClient, type RedisClient } from './redis.client.js';

export interface NearCacheOptions {
  /** How many sessions are held; the oldest copy makes room. @default 10000 */
  maxSessions?: number;
  /**
   * How long a copy may be used after it was read, in milliseconds from 1 to 60000: the longest that a change can go
   * unseen when the network swallows the message of it, and the connection does not break. @default 5000
   */
  keepFor?: number;
}

/** A record once it has been read; until then the place for it. */
interface Place {
  readonly since: number;
  record?: SessionRecord;
}

const MAX_SESSIONS = 10_000;
const KEEP_FOR = 5_000;
const LONGEST = 60_000;

/**
 * Copies of sessions in this process. Redis remembers what this connection has read and says over the same connection
 * when it has changed, expired or been deleted (CLIENT TRACKING). When the connection breaks nobody says so any more, and
 * Redis forgets: so copies are used over a connection that stands, and dropped when there is a new one.
 */
export class NearCache {
  /** By session id; oldest first. */
  readonly #places = new Map<string, Place>();
  readonly #client: NodeRedisClient;
  readonly #maxSessions: number;
  readonly #keepFor: number;

  /** `prefix`: what is in front of the id in the keys of sessions. */
  constructor(
    client: RedisClient,
    prefix: string,
    { maxSessions = MAX_SESSIONS, keepFor = KEEP_FOR }: NearCacheOptions,
  ) {
    if (!Number.isInteger(maxSessions) || maxSessions < 1) {
      throw new SessionConfigError(`nearCache.maxSessions must be a whole number from 1, not ${String(maxSessions)}.`);
    }
    if (typeof keepFor !== 'number' || !(keepFor >= 1 && keepFor <= LONGEST)) {
      throw new SessionConfigError(
        `nearCache.keepFor must be milliseconds from 1 to ${LONGEST}, not ${String(keepFor)}.`,
      );
    }
    this.#client = listenedTo(client, (key) => {
      if (key === null) this.#places.clear();
      else this.drop(String(key).slice(prefix.length));
    });
    this.#maxSessions = maxSessions;
    this.#keepFor = keepFor;
  }

  /** The copy, or what `load` finds. */
  async read(
    id: string,
    now: number,
    load: () => Promise<SessionRecord | undefined>,
  ): Promise<SessionRecord | undefined> {
    if (!this.#client.isReady) return load();
    const place = this.#places.get(id);
    if (!place) return this.#fill(id, now, load);
    // Somebody is about to fill it.
    if (!place.record) return load();
    // In both directions: a clock that is set back must not make copies last. What has expired may have been touched.
    const isUsable = Math.abs(now - place.since) < this.#keepFor && place.record.expiresAt > now;
    if (isUsable) return copyOf(place.record);
    this.drop(id);
    return this.#fill(id, now, load);
  }

  drop(id: string): void {
    this.#places.delete(id);
  }

  /**
   * The place is there before the question is sent. Whatever takes it away until the answer has come, a message of Redis,
   * a write, a new connection, takes away the right to keep that answer.
   */
  async #fill(
    id: string,
    since: number,
    load: () => Promise<SessionRecord | undefined>,
  ): Promise<SessionRecord | undefined> {
    const place: Place = { since };
    const [oldest] = this.#places.size < this.#maxSessions ? [] : this.#places.keys();
    if (oldest !== undefined) this.drop(oldest);
    this.#places.set(id, place);
    try {
      const record = await load();
      place.record = record && copyOf(record);
      return record;
    } finally {
      if (!place.record && this.#places.get(id) === place) this.drop(id);
    }
  }
}

/** `forget` is called with a key that has changed, or with `null` when any may have. */
function listenedTo(client: RedisClient, forget: (key: unknown) => void): NodeRedisClient {
  if (!isNodeRedis(client) || !client.options?.emitInvalidate || !client.on) {
    throw new SessionConfigError(
      'nearCache needs a client that is told by Redis what has changed: give RedisSessionStore a single client of redis ' +
        '(node-redis 5.12 or later), createClient({ RESP: 3, emitInvalidate: true }), or leave nearCache out. Clusters, ' +
        'pools, ioredis and iovalkey are not told.',
    );
  }
  client.on('invalidate', forget);
  client.on('ready', () => forget(null));
  return client;
}

function copyOf(record: SessionRecord): SessionRecord {
  return { ...record, fields: new Map(record.fields), meta: new Map(record.meta) };
}
