import type { Draft } from './draft.js';
import { SessionStoreTimeoutError } from './errors.js';
import { Turns } from './turns.js';

/** Its own, if it was called by the function of another. */
const UNFINISHED = 'Another session.update() of this session did not come to an end';

/** Updates of one session within this process take turns: each sees what the one before has made. */
export class UpdateTurns {
  readonly #turns = new Turns<string | Draft>();

  /** Milliseconds. */
  constructor(private readonly requestBudget: number) {}

  /**
   * `of`: a session's id, or the draft of a session that nobody else can update. The function of the one before may take
   * for ever; it is waited for no longer than this request may take.
   */
  take<T>(of: string | Draft, { budget }: Draft, work: (waited: boolean) => Promise<T>): Promise<T> {
    const startedAt = performance.now();
    return this.#turns.take(
      of,
      (turn) => {
        budget.left -= performance.now() - startedAt;
        if (turn === 'impatient') throw new SessionStoreTimeoutError(this.requestBudget, UNFINISHED);
        return work(turn === 'waited');
      },
      budget.left,
    );
  }

  /** The update of a session that nobody else can write to: the field changes in the draft, and is saved with it. */
  inMemory(draft: Draft, name: string, change: (value: unknown) => unknown): Promise<unknown> {
    const { fields } = draft;
    return this.take(draft, draft, async () => {
      const value = await change(fields.get(name));
      // What ended meanwhile, by this very request, leaves nothing to what comes after it.
      if (draft.fields !== fields) return value;
      // The first byte may have left while the function was at work.
      draft.writing();
      if (value === undefined) fields.delete(name);
      else fields.set(name, value);
      return value;
    });
  }
}
