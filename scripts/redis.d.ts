export interface RedisServer {
  readonly port: number;
  /** Where a node of a cluster speaks with the others. */
  readonly busPort: number;
  /** Of 127.0.0.1. The same across restart(). */
  readonly url: string;
  /** Another one after restart(). */
  readonly pid: number;
  /** Runs one command and gives its reply as redis-cli prints it. Rejects if Redis refuses it. */
  command(...args: (string | number)[]): Promise<string>;
  /** Ends the server and deletes what it wrote. May be called twice. */
  stop(): Promise<void>;
  /** Freezes the server: sockets stay open, nothing answers. */
  pause(): void;
  resume(): void;
  /** A power cut: SIGKILL. Follow it with restart() or stop(). */
  kill(): Promise<void>;
  /** Ends the server if it is up, and starts it on the same port; it remembers what `settings` made it write to disk. */
  restart(): Promise<void>;
}

/**
 * Starts a real Redis on a free port of 127.0.0.1, without persistence. It does not keep this process alive, and it never
 * outlives it, however this process dies. `settings`: as in redis.conf; they win over ours.
 */
export function startRedis(settings?: Record<string, string>): Promise<RedisServer>;
