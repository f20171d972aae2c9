export interface MemcachedServer {
  readonly port: number;
  /** `127.0.0.1:<port>`, as clients want it. The same across restart(). */
  readonly address: string;
  /** Another one after restart(). */
  readonly pid: number;
  /** Sends one command, its data block included, and gives the lines of the answer; those of `stats` end with `END`. */
  command(text: string): Promise<string[]>;
  /** What `stats` says. */
  stats(): Promise<Record<string, string>>;
  /** Ends the server. May be called twice. */
  stop(): Promise<void>;
  /** Freezes the server, and waits until it is: sockets stay open, nothing answers. */
  pause(): Promise<void>;
  resume(): void;
  /** A power cut: SIGKILL. Follow it with restart() or stop(). */
  kill(): Promise<void>;
  /** Ends the server if it is up, and starts it, empty, on the same port. */
  restart(): Promise<void>;
}

/**
 * Starts a real memcached on a free port of 127.0.0.1. It does not keep this process alive, and it never outlives it,
 * however this process dies. `flags`: as on its command line, `'-m', '4'` say.
 */
export function startMemcached(...flags: string[]): Promise<MemcachedServer>;
