import type { BoundedStore, Budget } from './bounded.store.js';
import type { Clock } from './clock.js';
import { RETIRED_GRACE, type SessionRecord } from './record.js';
import type { Expectation } from './store.js';
import { NO_TEXTS } from './texts.js';

/** How a sealed token stands: good, replaced a moment ago, replaced before that, or of a session that ended. */
export type Standing = 'live' | 'retired' | 'replaced' | 'ended';

/** The generation that no token reaches. As large as every store's integer column can hold. */
const ENDED = 2 ** 31 - 1;

/** Tells an entry that may still be raised from one that is final. */
const REPLACED = 'replaced';

/**
 * What tells live copies of sealed tokens from dead ones, in any store. An entry under the id of a session says from
 * which generation on its tokens are good: a rotation raises it, which kills the tokens before, and an end raises it
 * beyond all. Sessions that were never rotated or ended have no entry. Entries live as long as a token they concern.
 */
export class Revocations {
  constructor(
    private readonly store: BoundedStore,
    private readonly clock: Clock,
    private readonly name: string,
  ) {}

  async standing({ generation, id }: SessionRecord, budget: Budget): Promise<Standing> {
    const now = this.clock.now();
    const entry = await this.store.read(id, now, budget);
    if (!entry || entry.generation <= generation) return 'live';
    if (entry.generation === ENDED) return 'ended';
    return now - (entry.authenticatedAt ?? 0) < RETIRED_GRACE ? 'retired' : 'replaced';
  }

  /**
   * From now on only the token that is about to be sealed is good. One atomic step, so of two requests that replace
   * the same token one gets `false`. `until`: when the last of the tokens before would have expired.
   */
  replace({ generation, id }: SessionRecord, until: number, budget: Budget): Promise<boolean> {
    return this.#raise(id, generation + 1, until, { generation }, budget);
  }

  /** From now on no token of this id is good. Says whether that is news. */
  end(id: string, until: number, budget: Budget): Promise<boolean> {
    // Whatever the generation: whoever rotated the token meanwhile, a logout is a logout (ASVS 7.4.1).
    return this.#raise(id, ENDED, until, { secretHash: REPLACED }, budget);
  }

  async #raise(id: string, generation: number, until: number, expect: Expectation, budget: Budget): Promise<boolean> {
    const now = this.clock.now();
    const entry = {
      secretHash: generation === ENDED ? '' : REPLACED,
      generation,
      // A store that is full drops sessions nobody owns before others, and must not drop this one.
      userId: id,
      authenticatedAt: now,
      expiresAt: until,
      absoluteExpiresAt: until,
    };
    const name = `${this.name}.revoked`;
    const record = { id, name, version: 0, fields: NO_TEXTS, meta: NO_TEXTS, createdAt: now, ...entry };
    if (await this.store.create(record, budget)) return true;
    return (await this.store.update(id, { rotate: entry, expect }, now, budget)) === 'ok';
  }
}
