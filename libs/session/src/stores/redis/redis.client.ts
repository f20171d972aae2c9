import { SessionConfigError } from '../../core/errors.js';
import type { Script } from './redis.scripts.js';

/** As much of the `redis` package (node-redis 5 or 6) as is used: its client, pool, cluster and sentinel all have it. */
export interface NodeRedisClient {
  evalSha(sha: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
  connect(): Promise<unknown>;
  /** Counts connections: a single client has it, while a pool, a cluster and a sentinel have clients that do. */
  readonly socketEpoch?: number;
  readonly isReady?: boolean;
  readonly options?: { readonly emitInvalidate?: boolean };
  withCommandOptions?(options: { timeout: undefined }): NodeRedisClient;
  on?(event: 'invalidate' | 'ready', listener: (key: unknown) => void): unknown;
}

/** As much of `ioredis` (5 or 6) and `iovalkey` as is used: a client or a cluster. */
export interface IoRedisClient {
  evalsha(sha: string, keys: number, ...keysAndArguments: string[]): Promise<unknown>;
  eval(script: string, keys: number, ...keysAndArguments: string[]): Promise<unknown>;
  connect(): Promise<unknown>;
}

/** A client of Redis or Valkey that the application made, and that it connects and closes. */
export type RedisClient = NodeRedisClient | IoRedisClient;

/** Runs a script on the server that has the key. */
export type RunScript = (script: Script, key: string, args: string[]) => Promise<unknown>;

/** One way to run scripts, whatever the client: by their hash, and by their text where the server does not know it. */
export function runnerOf(client: RedisClient): RunScript {
  const { byHash, byText } = waysOf(client);
  return async (script, key, args) => {
    try {
      return await byHash(script.sha, key, args);
    } catch (error) {
      // A server forgets scripts when it restarts, when it is promoted, and by SCRIPT FLUSH. Nothing ran, so this is no
      // second try; and the text teaches it the script again.
      if (!String(error).includes('NOSCRIPT')) throw error;
      return byText(script.text, key, args);
    }
  };
}

type Run = (script: string, key: string, args: string[]) => Promise<unknown>;

function waysOf(client: RedisClient): { byHash: Run; byText: Run } {
  if (isNodeRedis(client)) {
    const now = untimed(client);
    return {
      byHash: (sha, key, args) => now().evalSha(sha, { keys: [key], arguments: args }),
      byText: (text, key, args) => client.eval(text, { keys: [key], arguments: args }),
    };
  }
  if (hasMethods(client, 'evalsha', 'eval', 'connect')) {
    return {
      byHash: (sha, key, args) => client.evalsha(sha, 1, key, ...args),
      byText: (text, key, args) => client.eval(text, 1, key, ...args),
    };
  }
  throw new SessionConfigError(
    `RedisSessionStore needs a client of redis, ioredis or iovalkey, and was given ${nameOf(client)}: pass what ` +
      'createClient(), createCluster() or createSentinel() of redis made, or a new Redis() or new Cluster() of ioredis.',
  );
}

/**
 * node-redis 6 gives every command an abort signal, which takes half the time that a command costs this process, to limit
 * how long one waits to be sent. Over a connection that stands none waits; without one the limit stays.
 */
function untimed(client: NodeRedisClient): () => NodeRedisClient {
  if (client.socketEpoch === undefined || !client.withCommandOptions) return () => client;
  const prompt = client.withCommandOptions({ timeout: undefined });
  return () => (client.isReady ? prompt : client);
}

/** `connect` tells clients from what they make: transactions and legacy() clients have commands too. */
export function isNodeRedis(client: RedisClient): client is NodeRedisClient {
  return hasMethods(client, 'evalSha', 'eval', 'connect');
}

function hasMethods(target: unknown, ...names: string[]): boolean {
  if (typeof target !== 'object' || target === null) return false;
  return names.every((name) => typeof (target as Record<string, unknown>)[name] === 'function');
}

function nameOf(value: unknown): string {
  if (hasMethods(value, 'then')) return 'a promise (await it before)';
  if (typeof value === 'object' && value !== null) return `an object of class ${value.constructor?.name || 'none'}`;
  // Not the value itself: a URL has a password in it.
  return value === undefined || value === null ? `${value}` : `a ${typeof value}`;
}
