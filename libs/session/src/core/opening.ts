import { BoundedCalls } from './bounded.calls.js';
import { BoundedStore, Budget } from './bounded.store.js';
import { Breaker } from './breaker.js';
import type { Clock } from './clock.js';
import { Draft } from './draft.js';
import { SessionStoreUnavailableError } from './errors.js';
import type { SessionEvent, SessionEvents } from './events.js';
import type { SessionPolicy } from './policy.js';
import type { Unanswerable } from './staged.js';
import type { SessionStore } from './store.js';
import type { TokenFault } from './token.js';

/**
 * A browser can hold several cookies of one name, from other paths and domains; more tokens than this are no accident.
 * What is no token does not count: whoever plants rubbish in front must not hide the token behind it.
 */
const MAX_CANDIDATES = 4;

/** What opening a session takes wherever sessions are kept, and what is told about it. */
export abstract class SessionOpening {
  constructor(
    readonly policy: SessionPolicy,
    readonly clock: Clock,
    readonly events: SessionEvents,
  ) {}

  readonly #tell: SessionOpening['emit'] = (event) => this.emit(event);

  emit(event: Omit<SessionEvent, 'name' | 'at'>): void {
    if (this.events.areHeard) this.events.emit({ ...event, name: this.policy.name, at: this.clock.now() });
  }

  budget(): Budget {
    return new Budget(this.policy.requestBudget);
  }

  /** The store with deadlines, and a breaker of its own. */
  protected bounded(store: SessionStore): BoundedStore {
    return new BoundedStore(store, ...this.#bounds());
  }

  /** The same for calls to another engine. */
  protected boundedCalls(): BoundedCalls {
    return new BoundedCalls(...this.#bounds());
  }

  #bounds(): ConstructorParameters<typeof BoundedCalls> {
    const tell = (reason: string, error: Error): void => this.emit({ type: 'store-error', reason, error });
    return [this.policy.storeTimeout, new Breaker(this.clock), tell];
  }

  abstract open(presented: readonly unknown[]): Draft | Promise<Draft>;

  abstract commit(draft: Draft): Promise<void> | undefined;

  protected abstract readonly unanswerable: Unanswerable;

  async openWithoutResponse(presented: readonly unknown[]): Promise<Draft> {
    const draft = await this.open(presented);
    draft.unanswerable = this.unanswerable;
    // Nobody would get the token that is signed anew.
    draft.outdated = false;
    // Without an answer nobody knows when the work is done, and a logout must not be forgotten. What fails stays staged.
    draft.onEnd = () => void this.commit(draft)?.catch(() => {});
    return draft;
  }

  protected newDraft(presented: readonly unknown[]): Draft {
    const draft = new Draft(this.clock.now(), this.policy.requestBudget, this.#tell);
    draft.presented = presented.length > 0;
    return draft;
  }

  /** The first few of the presented texts, taken apart, as far as they are ours. */
  protected verified<T extends object>(
    presented: readonly unknown[],
    parse: (text: unknown) => T | TokenFault,
  ): readonly T[] {
    const verified: T[] = [];
    let faults: Set<TokenFault> | undefined;
    for (const text of presented) {
      const parsed = parse(text);
      if (typeof parsed === 'string') (faults ??= new Set()).add(parsed);
      else if (verified.push(parsed) === MAX_CANDIDATES) break;
    }
    for (const reason of faults ?? []) this.emit({ type: 'rejected', reason });
    if (verified.length > 1) this.emit({ type: 'duplicate' });
    return verified;
  }

  /** Tries one after the other, until one opens its session. */
  protected tryEach<T>(
    draft: Draft,
    candidates: readonly T[],
    attempt: (candidate: T) => Promise<boolean>,
    at = 0,
  ): Promise<Draft> {
    const next = at + 1;
    return attempt(candidates[at]!).then(
      (opened) => (opened || next === candidates.length ? draft : this.tryEach(draft, candidates, attempt, next)),
      (error: unknown) => this.#withoutStore(draft, error),
    );
  }

  #withoutStore(draft: Draft, error: unknown): Draft {
    if (this.policy.onStoreError === 'fail' || !(error instanceof SessionStoreUnavailableError)) throw error;
    draft.unavailable = error;
    return draft;
  }
}
