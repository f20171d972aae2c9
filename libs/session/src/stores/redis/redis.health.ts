import { SessionConfigError, SessionStoreUnavailableError } from '../../core/errors.js';
import { isNodeRedis, type RedisClient, type RunScript } from './redis.client.js';
import { codeOf, messageOf } from './redis.failure.js';
import { PROBE } from './redis.scripts.js';

/** How long a client may queue what cannot be sent: by default all of them wait for the server, some for ever. */
const PATIENCE = 5_000;
/** Keys to write in a cluster, so that every primary is all but sure to have one. */
const CLUSTER_PROBES = 16;

const COMMANDS =
  '+eval +evalsha +info +exists +get +set +del +hget +hmget +hset +hdel +hkeys +hgetall +hincrby +pexpire +pttl +zadd +zrem ' +
  '+zscore +zrangebyscore +zremrangebyscore';

/** What mends it, for mistakes in the set-up. `prefix` is the store's. */
const MISTAKES: Readonly<Record<string, (prefix: string) => string>> = {
  NOAUTH: () => 'it wants a password: give one to the client',
  WRONGPASS: () => 'it does not accept the user name or password of the client: correct them',
  NOPERM: (prefix) => `its ACL does not let the client work. It takes: ACL SETUSER <name> ~${prefix}* ${COMMANDS}`,
  READONLY: () =>
    'the client is connected to a replica, which takes no writes: connect it to the primary, through Sentinel or ' +
    'Cluster if that may move',
  MOVED: () => 'it is a cluster: make the client with createCluster() of redis, or new Cluster() of ioredis',
};

/** Says at start-up, and to a health check, whether Redis takes sessions, and what is in the way if it does not. */
export class RedisHealth {
  #warned = false;

  constructor(
    private readonly client: RedisClient,
    private readonly run: RunScript,
    private readonly prefix: string,
  ) {}

  async check(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer within ${PATIENCE / 1_000} s`)), PATIENCE);
    });
    try {
      const policies = await Promise.race([this.#probeAll(), deadline]);
      this.#warn(new Set(policies));
    } catch (error) {
      throw this.#advice(error);
    } finally {
      clearTimeout(timer);
    }
  }

  /** The eviction policies of the servers asked. */
  async #probeAll(): Promise<string[]> {
    const { isCluster, policy } = await this.#probe(0);
    if (!isCluster) return [policy];
    const others = Array.from({ length: CLUSTER_PROBES - 1 }, (_, index) => this.#probe(index + 1));
    return (await Promise.all(others)).map((other) => other.policy).concat(policy);
  }

  async #probe(index: number): Promise<{ policy: string; isCluster: boolean }> {
    const [policy, clusterEnabled] = (await this.run(PROBE, `${this.prefix}probe:${index}`, [])) as unknown[];
    return { policy: String(policy), isCluster: String(clusterEnabled) === '1' };
  }

  /** What works today, and will hurt some day. */
  #warn(policies: ReadonlySet<string>): void {
    if (this.#warned) return;
    this.#warned = true;
    const evicting = [...policies].find((policy) => policy !== '' && policy !== 'noeviction');
    if (evicting !== undefined) {
      warn(
        `The maxmemory-policy of Redis is '${evicting}': when memory runs short it throws away sessions and the lists of ` +
          "users' sessions, so people are logged out at random and revokeAll() misses some. Set it to 'noeviction'.",
        'NEST_SESSIONS_REDIS_EVICTION',
      );
    }
    if (isNodeRedis(this.client) && listeners(this.client) === 0) {
      warn(
        "The Redis client given to RedisSessionStore has no 'error' listener, so a lost connection ends the process. " +
          "Add one: client.on('error', (error) => logger.error(error)).",
        'NEST_SESSIONS_REDIS_ERROR_LISTENER',
      );
    }
  }

  #advice(error: unknown): Error {
    const code = codeOf(error);
    const options = { cause: error };
    const mend = MISTAKES[code]?.(this.prefix);
    if (mend) return new SessionConfigError(`Redis does not take sessions (${code}): ${mend}.`, options);
    const what = `Redis does not take sessions: ${messageOf(error)}`;
    if (code) return new SessionStoreUnavailableError(what, options);
    const { isOpen, status } = this.client as { isOpen?: boolean; status?: string };
    if (isOpen === false || status === 'end') {
      return new SessionConfigError(
        'The Redis client given to RedisSessionStore is not connected: await client.connect() before the application ' +
          "starts. One that gave up on its server has told why, in its 'error' event.",
        options,
      );
    }
    return new SessionStoreUnavailableError(
      `${what}. Is it running, and is the address that the client was given right?`,
      options,
    );
  }
}

function warn(text: string, code: string): void {
  process.emitWarning(text, { type: 'SessionStoreWarning', code });
}

function listeners(client: object): number | undefined {
  const { listenerCount } = client as { listenerCount?: (event: string) => number };
  return listenerCount?.call(client, 'error');
}
