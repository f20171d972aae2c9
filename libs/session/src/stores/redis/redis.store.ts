import { SessionConfigError } from '../../core/errors.js';
import type { SessionRecord } from '../../core/record.js';
import type {
  Expectation,
  Pingable,
  SessionChange,
  SessionStore,
  SessionStoreGuarantees,
  UpdateResult,
  UserIndex,
} from '../../core/store.js';
import { NearCache, type NearCacheOptions } from './near.cache.js';
import { type RedisClient, type RunScript, runnerOf } from './redis.client.js';
import { failureOf } from './redis.failure.js';
import { RedisHealth } from './redis.health.js';
import { CREATE, DELETE, EPOCH, INDEX, LIST, RAISE_EPOCH, READ, TOUCH, UNINDEX, UPDATE } from './redis.scripts.js';
import { changesOf, conditionsOf, toHash, toRecord } from './session.hash.js';

export interface RedisSessionStoreOptions {
  /** What all keys begin with. Applications that share a database need different ones. @default 'nest-sessions:' */
  prefix?: string;
  /**
   * Keeps copies of sessions in this process, so that most reads need no round trip. Other processes' changes are seen a
   * little later than at once, which is why `oneLiveToken` and `revocable` are not guaranteed then. Needs a client made by
   * `createClient({ RESP: 3, emitInvalidate: true })` of redis. @default none
   */
  nearCache?: NearCacheOptions;
}

/**
 * Keeps sessions in Redis or Valkey, alone, behind Sentinel or in a Cluster, through the client of the application.
 *
 * | key                       | is                                                       | lives until                  |
 * | ------------------------- | -------------------------------------------------------- | ---------------------------- |
 * | `<prefix>session:<id>`    | a hash, the record                                       | a minute after `expiresAt`   |
 * | `<prefix>user:<user id>`  | a sorted set of session ids, by their `absoluteExpiresAt` | a minute after the last one |
 * | `<prefix>epoch:<user id>` | the instant of the user's last `revokeAll`               | an hour after it             |
 *
 * Every verb is one script in one round trip; one that gives a session to a user takes another one before, for the
 * user's list. Needs Redis 5 or later with EVAL allowed (tested on 7.0), and wants `maxmemory-policy noeviction`.
 *
 * What was acknowledged is as safe as the server keeps it. After a crash: see `appendfsync`. After a failover: replication
 * is asynchronous, so the last writes may be undone, a logout among them; `min-replicas-to-write` narrows that.
 */
export class RedisSessionStore implements SessionStore, UserIndex, Pingable {
  readonly guarantees: SessionStoreGuarantees;

  readonly #run: RunScript;
  readonly #health: RedisHealth;
  readonly #near?: NearCache;

  /** `client`: of redis, ioredis or iovalkey. The application connects it before it starts, and closes it at its end. */
  constructor(client: RedisClient, { nearCache, prefix = 'nest-sessions:' }: RedisSessionStoreOptions = {}) {
    if (typeof prefix !== 'string') {
      throw new SessionConfigError(`prefix must be a string, such as 'my-app:', not a ${typeof prefix}.`);
    }
    const run = runnerOf(client);
    if (nearCache) this.#near = new NearCache(client, prefix + sessionKey(''), nearCache);
    this.guarantees = { atomicUpdate: true, oneLiveToken: !nearCache, revocable: !nearCache, listable: true };
    this.#health = new RedisHealth(client, run, prefix);
    this.#run = async (script, key, args) => {
      try {
        return await run(script, prefix + key, args);
      } catch (error) {
        throw failureOf(error, prefix);
      }
    };
  }

  async create(record: SessionRecord): Promise<boolean> {
    const { absoluteExpiresAt, createdAt, expiresAt, id, userId } = record;
    if (userId !== undefined) await this.#index(userId, id, absoluteExpiresAt, createdAt);
    const args = [String(createdAt), String(expiresAt), ...toHash(record)];
    return String(await this.#run(CREATE, sessionKey(id), args)) === 'ok';
  }

  read(id: string, now: number): Promise<SessionRecord | undefined> {
    const load = (): Promise<SessionRecord | undefined> => this.#load(id, now);
    return this.#near ? this.#near.read(id, now, load) : load();
  }

  async #load(id: string, now: number): Promise<SessionRecord | undefined> {
    const json = await this.#run(READ, sessionKey(id), []);
    const record = json === null ? undefined : toRecord(String(json));
    return record && record.expiresAt > now ? record : undefined;
  }

  async update(id: string, change: SessionChange, now: number): Promise<UpdateResult> {
    const { expect, expiresAt, replace, rotate } = change;
    if (rotate?.userId !== undefined) await this.#index(rotate.userId, id, rotate.absoluteExpiresAt, now);
    const conditions = conditionsOf(expect);
    const { set, unset } = changesOf(change);
    const wanted = rotate || expiresAt === undefined ? '' : String(expiresAt);
    const head = [now, wanted, replace ? 1 : 0, conditions.length, set.length].map(String);
    return (await this.#write(UPDATE, id, [...head, ...conditions, ...set, ...unset])) as UpdateResult;
  }

  async touch(id: string, expiresAt: number, now: number, expect: Expectation): Promise<UpdateResult> {
    return (await this.#write(TOUCH, id, [String(now), String(expiresAt), ...conditionsOf(expect)])) as UpdateResult;
  }

  async delete(id: string, expect: Expectation = {}): Promise<boolean> {
    const userId = await this.#write(DELETE, id, conditionsOf(expect));
    if (userId === undefined) return false;
    // Nobody waits for the tidying up, and nothing depends on it: listing looks at each record.
    if (userId !== '') this.#run(UNINDEX, userKey(userId), [id]).catch(() => {});
    return true;
  }

  /**
   * Ids whose record is not there stay on the list until their absolute end: it may be that of a login which has
   * written to the list and is about to write its record, and which `revokeAll` could then never find.
   */
  async listByUser(userId: string, now: number): Promise<SessionRecord[]> {
    const ids = (await this.#run(LIST, userKey(userId), [String(now)])) as unknown[];
    const records = await Promise.all(ids.map((id) => this.#load(String(id), now)));
    return records.filter((record) => record !== undefined).filter((record) => record.userId === userId);
  }

  async raiseEpoch(userId: string, now: number): Promise<void> {
    await this.#run(RAISE_EPOCH, epochKey(userId), [String(now)]);
  }

  async epoch(userId: string): Promise<number> {
    return Number(await this.#run(EPOCH, epochKey(userId), []));
  }

  /** Whether Redis is there and takes writes. Warns about an eviction policy that loses sessions. */
  async ping(): Promise<void> {
    await this.#health.check();
  }

  /** Also when it fails, for it may have happened, and when it is refused: that may have been based on an old copy. */
  async #write(...[script, id, args]: Parameters<RunScript>): Promise<string | undefined> {
    try {
      const reply = await this.#run(script, sessionKey(id), args);
      return reply === null ? undefined : String(reply);
    } finally {
      this.#near?.drop(id);
    }
  }

  /**
   * Puts a session on the list of a user, before it is theirs: the other way round there would be a moment, or a crash,
   * after which it is theirs and `revokeAll` cannot find it.
   */
  async #index(userId: string, id: string, absoluteExpiresAt: number, now: number): Promise<void> {
    await this.#run(INDEX, userKey(userId), [id, String(absoluteExpiresAt), String(now)]);
  }
}

const sessionKey = (id: string): string => `session:${id}`;
const userKey = (userId: string): string => `user:${userId}`;
const epochKey = (userId: string): string => `epoch:${userId}`;
