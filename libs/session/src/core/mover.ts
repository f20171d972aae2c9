import { setTimeout as sleep } from 'node:timers/promises';
import type { BoundedCalls } from './bounded.calls.js';
import type { Budget } from './bounded.store.js';
import type { Draft } from './draft.js';
import { SessionStoreUnavailableError } from './errors.js';
import { type Claim, MoveClaims } from './move.claims.js';
import { recordOfOld } from './old.record.js';
import type { OldCookie, OldSession, OldSessions } from './old.sessions.js';
import type { SessionRecord } from './record.js';
import type { StoreManager } from './store.manager.js';
import { hashSecret } from './token.js';
import { Turns } from './turns.js';

/** How long to wait for who is moving a session: together less than a store call may take by default. */
const LOOKS = 40;
const PAUSE = 20;

/**
 * Moves sessions here from the library that the application used before, each when its old cookie is first seen:
 *
 * 1. the old session is read;
 * 2. it is claimed: of all that try, in all processes, one succeeds;
 * 3. that one creates the new session. Its token is derived from the claim and the old id, so all come to the same one;
 * 4. the claim notes that the session was there;
 * 5. the old session is ended, and only then anybody gets to see the new one.
 *
 * So no session that anybody has seen has an old one left behind it, and none is created twice: what ended stays so. A
 * process that dies at any step leaves what the next request goes on with, at once, or after a `requestBudget` if
 * nothing was created yet. An old cookie opens the session as long as it has its first token, for requests that are
 * under way and for answers that were lost; a login makes it worthless.
 */
export class Mover {
  readonly #claims: MoveClaims;
  readonly #turns = new Turns();

  constructor(
    private readonly manager: StoreManager,
    private readonly old: OldSessions,
    private readonly oldCalls: BoundedCalls,
  ) {
    this.#claims = new MoveClaims(manager.store, manager.policy, old);
  }

  get isOver(): boolean {
    return this.old.until !== undefined && this.manager.clock.now() >= this.old.until;
  }

  /** Opens the session that an old cookie is for. Parallel requests take turns: the others find it moved. */
  async open(draft: Draft, cookie: OldCookie): Promise<boolean> {
    const opened = await this.#turns.take(cookie.id, () => this.#open(draft, cookie));
    if (!opened && !draft.retired) this.manager.emit({ type: 'rejected', reason: 'unknown' });
    return opened;
  }

  /** The other half of `revokeAll`: sessions of this user that were not moved yet are not moved any more. */
  refuse(userId: string): Promise<void> {
    return this.#claims.refuse(userId, this.manager.clock.now(), this.manager.budget());
  }

  async #open(draft: Draft, cookie: OldCookie): Promise<boolean> {
    for (let look = 0; look < LOOKS; look++) {
      const opened = await this.#look(draft, cookie);
      if (opened !== undefined) return opened;
    }
    throw new SessionStoreUnavailableError('The session is being moved by another request. Try again shortly.');
  }

  /** `undefined`: it is on its way, look again. */
  async #look(draft: Draft, cookie: OldCookie): Promise<boolean | undefined> {
    const { clock, policy } = this.manager;
    const now = clock.now();
    const claim = await this.#claims.find(cookie.id, now, draft.budget);
    const record = claim && (await this.manager.readLive(claim.token.id, draft.budget));
    if (claim && record) return this.#enter(draft, cookie, claim, record);
    if (claim?.moved) return false;
    // Whoever claimed it has no time left by then. Clocks that differ do no harm: another attempt is another session.
    if (claim && Math.abs(now - claim.since) < policy.requestBudget) return void (await sleep(PAUSE));
    const old = this.old.sessionOf(await this.#call('read', draft, () => this.old.read(cookie)), now);
    if (!old) return false;
    const mine = await this.#claims.take(cookie.id, claim, now, draft.budget);
    return mine && this.#move(draft, cookie, mine, old);
  }

  async #move(draft: Draft, cookie: OldCookie, claim: Claim, old: OldSession): Promise<boolean | undefined> {
    const { clock, policy, store } = this.manager;
    const now = clock.now();
    const record = recordOfOld(old, claim.token, policy, now, (reason, error) =>
      this.manager.emit({ type: 'corrupt', id: claim.token.id, reason, error: error as Error }),
    );
    if (record.expiresAt <= now) return this.#enter(draft, cookie, claim, undefined);
    if (!(await store.create(record, draft.budget))) return undefined;
    this.manager.emit({ type: 'moved', id: record.id, userId: record.userId });
    const entered = await this.#enter(draft, cookie, claim, record);
    if (entered === undefined) await this.#clearAway(claim, cookie, draft.budget);
    return entered;
  }

  /** Who was taken for dead, and was slow, has created what nobody will find. */
  async #clearAway({ record, token }: Claim, cookie: OldCookie, budget: Budget): Promise<void> {
    const claim = await this.#claims.find(cookie.id, this.manager.clock.now(), budget);
    if (claim?.record.generation !== record.generation) await this.manager.store.delete(token.id, undefined, budget);
  }

  /** Nobody gets in before it is noted that the session was there, and before the old one has ended. */
  async #enter(
    draft: Draft,
    cookie: OldCookie,
    claim: Claim,
    record: SessionRecord | undefined,
  ): Promise<boolean | undefined> {
    const { budget } = draft;
    const live = record && (await this.#unlessRefused(record, claim, budget));
    if (!(await this.#claims.settle(claim, this.manager.clock.now(), budget))) return undefined;
    await this.#call('end', draft, () => this.old.end(cookie));
    if (!live) return false;
    // There is no cookie of ours yet; `outdated` gives out one, if no login in another tab has done so meanwhile.
    draft.presented = true;
    const { token } = claim;
    return this.manager.admit(draft, { ...token, secretHash: hashSecret(token.secret), outdated: true }, live);
  }

  /** Looked at once the session is there to be listed: either `revokeAll` finds it, or this finds that it was called. */
  async #unlessRefused(record: SessionRecord, { moved }: Claim, budget: Budget): Promise<SessionRecord | undefined> {
    const { clock, store } = this.manager;
    const { authenticatedAt = 0, id, userId } = record;
    if (moved || userId === undefined) return record;
    const refusedAt = await this.#claims.refusedAt(userId, clock.now(), budget);
    if (refusedAt === 0 || refusedAt < authenticatedAt) return record;
    await store.delete(id, undefined, budget);
    this.manager.emit({ type: 'ended', id, userId, reason: 'revoked' });
    return undefined;
  }

  #call<T>(verb: string, { budget }: Draft, work: () => Promise<T>): Promise<T> {
    return this.oldCalls.call(`old session: ${verb}`, budget, work);
  }
}
