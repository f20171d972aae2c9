/** So many sessions are asked for at the same time: many enough for thousands, few enough for a small pool. */
const CONCURRENCY = 8;

/**
 * Looks at every session that has sockets, again and again: other processes end sessions too, and a socket that only
 * listens says nothing that could be refused. With jitter, so that processes started together do not ask together; with
 * no sockets there is no timer, and it never keeps a process alive.
 */
export class Revalidation {
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  /** `interval`: milliseconds, or `false` for never. */
  constructor(
    private readonly interval: number | false,
    private readonly sessions: ReadonlyMap<string, unknown>,
    private readonly revalidate: (id: string) => Promise<void>,
  ) {}

  /** Does nothing where it has been started. */
  start(): void {
    if (this.#timer || this.#isStopped || this.interval === false) return;
    this.#timer = setTimeout(() => void this.#run(), this.interval * (0.75 + Math.random() / 2)).unref();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  async #run(): Promise<void> {
    const ids = [...this.sessions.keys()];
    const work = async (): Promise<void> => {
      for (let id = ids.pop(); id !== undefined; id = ids.pop()) await this.revalidate(id);
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, work));
    this.#timer = undefined;
    if (this.sessions.size > 0) this.start();
  }
}
