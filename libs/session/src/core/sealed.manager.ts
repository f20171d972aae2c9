import type { Clock } from './clock.js';
import { inTurn } from './commit-turn.js';
import type { Draft } from './draft.js';
import { SessionCommittedError, SessionConfigError } from './errors.js';
import type { SessionEvents } from './events.js';
import { endOf } from './expiry.js';
import type { SessionManager } from './manager.js';
import { SessionOpening } from './opening.js';
import type { SessionPolicy } from './policy.js';
import type { SessionRecord } from './record.js';
import { Revocations } from './revocations.js';
import { SealedCommit } from './sealed.commit.js';
import { SealedSessions } from './sealed.sessions.js';
import type { OpenedSeal, SealCarrier, SealedBackend } from './sealed.js';
import { isSessionStore } from './store.js';
import { ping, sweep } from './upkeep.js';
import { type Token, TokenFormat } from './token.js';
import { UpdateTurns } from './update-turns.js';

/**
 * Sessions that travel in their token, sealed. The same rules as in a store where they can hold: nothing is compared
 * with what another request wrote, so the last answer to arrive wins; and what ended is only gone for good if there
 * are `revocations` to ask, which every request with a token then does.
 */
export class SealedManager extends SessionOpening implements SessionManager {
  readonly users: SealedSessions;
  protected readonly unanswerable = 'change';
  /** The longest that a session can live. Milliseconds. */
  readonly longestLife: number;
  readonly #tokens: TokenFormat;
  readonly #revocations: Revocations | undefined;
  readonly #commit: SealedCommit;
  readonly #updates: UpdateTurns;

  constructor(
    private readonly backend: SealedBackend,
    policy: SessionPolicy,
    clock: Clock,
    events: SessionEvents,
    carrier: SealCarrier = {},
  ) {
    super(policy, clock, events);
    const { keys, limits, name, remember } = policy;
    const { revocations } = backend;
    this.longestLife = Math.max(limits.absolute, remember.absolute);
    backend.prepare({ ...carrier, name, keys, longestLife: this.longestLife });
    checkRevocations(backend);
    this.#tokens = new TokenFormat(name);
    this.#updates = new UpdateTurns(policy.requestBudget);
    this.#revocations = revocations && new Revocations(this.bounded(revocations), clock, name);
    this.users = new SealedSessions(this, backend.constructor.name, this.#revocations);
    this.#commit = new SealedCommit(this, backend, this.#revocations);
  }

  async start(): Promise<void> {
    const { revocations } = this.backend;
    if (revocations) await ping(revocations, this.policy.storeTimeout);
  }

  /** The first of the presented seals that opens and is good. Without `revocations` no promise is made. */
  open(presented: readonly unknown[]): Draft | Promise<Draft> {
    const draft = this.newDraft(presented);
    const revocations = this.#revocations;
    const seals = this.verified(presented, (text) =>
      typeof text === 'string' ? this.backend.open(text, draft.openedAt) : 'malformed',
    ).filter(({ record }) => this.#isCurrent(record));
    if (seals.length === 0) return draft;
    if (revocations) return this.tryEach(draft, seals, (seal) => this.#trySeal(draft, seal, revocations));
    load(draft, seals[0]!);
    return draft;
  }

  commit(draft: Draft): Promise<void> | undefined {
    return this.#commit.run(draft);
  }

  async reload(draft: Draft): Promise<void> {
    const { record } = draft;
    // Not while a commit is under way: what that has stored would look like somebody else's doing.
    await inTurn(draft, () => (draft.isStill(record) ? this.#reload(draft) : undefined));
  }

  async #reload(draft: Draft): Promise<void> {
    const { record } = draft;
    const standing = (record && (await this.#revocations?.standing(record, draft.budget))) ?? 'live';
    if (!draft.isStill(record)) return;
    draft.load(standing === 'live' ? record : undefined);
    // It is somebody's still, but no longer by the token of this request.
    draft.retired ||= standing === 'retired' || standing === 'replaced';
  }

  /** Not atomic: another request may be sealing another value of the same field. */
  async update(draft: Draft, name: string, change: (value: unknown) => unknown): Promise<unknown> {
    // A store would take it even now; a token is already on its way.
    if (draft.sealed) throw new SessionCommittedError();
    return this.#updates.inMemory(draft, name, change);
  }

  async touch(draft: Draft): Promise<void> {
    if (!draft.sealed && !draft.unanswerable) await this.#commit.touch(draft);
  }

  mint(): Token {
    return this.#tokens.mint();
  }

  async sweep(): Promise<number> {
    const { revocations } = this.backend;
    return revocations ? sweep(revocations, this.clock, this.policy.storeTimeout) : 0;
  }

  /** One of this session that has not ended under today's limits. */
  #isCurrent(record: SessionRecord): boolean {
    const isCurrent = record.name === this.policy.name && endOf(record, this.policy) > this.clock.now();
    if (!isCurrent) this.emit({ type: 'rejected', id: record.id, reason: 'unknown' });
    return isCurrent;
  }

  async #trySeal(draft: Draft, seal: OpenedSeal, revocations: Revocations): Promise<boolean> {
    const { record } = seal;
    const standing = await revocations.standing(record, draft.budget);
    if (standing === 'live') {
      load(draft, seal);
      draft.retired = false;
      return true;
    }
    draft.retired ||= standing === 'retired';
    this.emit({ type: 'rejected', id: record.id, reason: standing === 'retired' ? 'retired' : 'unknown' });
    return false;
  }
}

function load(draft: Draft, { outdated, record }: OpenedSeal): void {
  draft.load(record);
  draft.outdated = outdated;
}

function checkRevocations({ constructor, revocations }: SealedBackend): void {
  if (revocations === undefined || isSessionStore(revocations)) return;
  throw new SessionConfigError(
    `The revocations of ${constructor.name} are not a session store: pass an instance, such as ` +
      'new RedisSessionStore(client).',
  );
}
