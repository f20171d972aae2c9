import type { SessionRecord } from '../../core/record.js';
import type { SessionRow } from './session.row.js';

/** Beyond this the connections of a pool do better side by side. */
const MAX_BATCH = 100;

interface Waiting {
  readonly id: string;
  readonly now: number;
  readonly resolve: (record: SessionRecord | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Reads of one turn of the event loop, in one statement. Under load requests come in bunches, and a statement costs
 * driver and database more than a row does. One that comes alone waits for nothing but the end of the turn.
 */
export class BatchedReads {
  #waiting: Waiting[] = [];

  constructor(
    private readonly readAll: (ids: string[], now: number) => Promise<SessionRow[]>,
    private readonly toRecord: (row: SessionRow) => SessionRecord,
  ) {}

  read(id: string, now: number): Promise<SessionRecord | undefined> {
    return new Promise((resolve, reject) => {
      const waiting = this.#waiting.push({ id, now, resolve, reject });
      if (waiting === 1) setImmediate(() => this.#flush());
    });
  }

  #flush(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (let from = 0; from < waiting.length; from += MAX_BATCH) void this.#run(waiting.slice(from, from + MAX_BATCH));
  }

  async #run(batch: readonly Waiting[]): Promise<void> {
    try {
      const ids = new Set(batch.map(({ id }) => id));
      const rows = await this.readAll([...ids], Math.min(...batch.map(({ now }) => now)));
      const byId = new Map(rows.map((row) => [row.id, row]));
      for (const waiting of batch) this.#answer(waiting, byId.get(waiting.id));
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  /** A record of its own for each who asks; a row that is damaged concerns nobody else. */
  #answer({ now, reject, resolve }: Waiting, row: SessionRow | undefined): void {
    try {
      resolve(row && Number(row.expires_at) > now ? this.toRecord(row) : undefined);
    } catch (error) {
      reject(error);
    }
  }
}
