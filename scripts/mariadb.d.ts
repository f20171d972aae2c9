export interface MariadbServer {
  /** Root, with a password, in the database `test`. The same across restart(). */
  readonly url: string;
  readonly port: number;
  /** Another one after restart(). */
  readonly pid: number;
  /** Ends the server and deletes its data. May be called twice. */
  stop(): Promise<void>;
  /** Freezes the server: sockets stay open, nothing answers. */
  pause(): void;
  resume(): void;
  /** A power cut: SIGKILL. What was committed is there after restart(). Follow it with restart() or stop(). */
  kill(): Promise<void>;
  /** Kills the server if it is up, and starts it on the same port and data. */
  restart(): Promise<void>;
}

/**
 * Starts a real MariaDB, from Debian, on a free port of 127.0.0.1 and with data of its own. Root's runs as `nobody`. It
 * does not keep this process alive, and it never outlives it, however this process dies. `settings`: as in its
 * configuration file, `{ 'sql-mode': 'ANSI' }` say.
 */
export function startMariadb(settings?: Record<string, string>): Promise<MariadbServer>;
