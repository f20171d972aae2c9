import assert from 'node:assert/strict';
import { isSessionStore, type SessionStore } from '../core/store.js';
import { creating } from './contract/creating.theme.js';
import { data } from './contract/data.theme.js';
import { deleting } from './contract/deleting.theme.js';
import { expecting } from './contract/expecting.theme.js';
import { expiring } from './contract/expiring.theme.js';
import { rotating } from './contract/rotating.theme.js';
import { sweeping } from './contract/sweeping.theme.js';
import { sharing } from './contract/sharing.theme.js';
import { declares, lacks, type Need, type SessionStorePart, type Theme } from './contract/theme.js';
import { updating } from './contract/updating.theme.js';
import { users } from './contract/users.theme.js';

/** As much of a test runner as the contract needs. Jest, Vitest and node:test all have it, the last two by `import *`. */
export interface ContractRunner {
  describe(name: string, body: () => void): unknown;
  it(name: string, test: () => Promise<void>): unknown;
  beforeAll?(hook: () => Promise<void>): unknown;
  afterAll?(hook: () => Promise<void>): unknown;
  /** What node:test calls `beforeAll`. */
  before?(hook: () => Promise<void>): unknown;
  /** What node:test calls `afterAll`. */
  after?(hook: () => Promise<void>): unknown;
}

/** A store to be tested, and how to let go of it. */
export interface ContractSubject {
  readonly store: SessionStore;
  close?(): unknown;
}

export interface ContractOptions<Subject extends ContractSubject = ContractSubject> {
  /**
   * The parts of the contract that this store does not have, by its own declaration: guarantees that are `false`, and
   * the capabilities 'sweepable' and 'pingable'. Said here too, because test names are fixed before a store is made:
   * a store that lost a part by mistake fails, and one that is said to lack a part it has fails as well.
   */
  readonly without?: readonly SessionStorePart[];
  /**
   * Makes another store on the engine of the first, with a connection of its own: what a second process has, or the
   * application after a restart. With it the contract proves that sessions outlive a store, and that two of them do not
   * get into each other's way: no answer out of a cache, no lock that only one process knows.
   */
  readonly another?: (subject: Subject) => Promise<ContractSubject>;
}

const THEMES = [creating, updating, expecting, expiring, rotating, deleting, data, users, sweeping, sharing].flat();

const ALL_PARTS: Readonly<Record<SessionStorePart, string>> = {
  atomicUpdate: 'atomic',
  oneLiveToken: 'limited to one live token',
  revocable: 'revocable',
  listable: 'listable',
  sweepable: 'sweepable',
  pingable: 'pingable',
};

/**
 * Proves that a store keeps what `SessionStore` promises.
 *
 * ```ts
 * import { afterAll, beforeAll, describe, it } from '@jest/globals';
 *
 * describeSessionStore('MyStore', async () => ({ store: new MyStore() }), { describe, it, beforeAll, afterAll });
 * ```
 *
 * Every test makes records and users of its own, so the store need not be empty, and one store serves all tests. The
 * tests pass the time themselves and never wait for it; they begin at the real time, so that an engine with a relative
 * time-to-live takes part. Run them one after the other: those that sweep count what is removed.
 */
export function describeSessionStore<Subject extends ContractSubject>(
  name: string,
  make: () => Promise<Subject>,
  runner: ContractRunner,
  { another, without = [] }: ContractOptions<Subject> = {},
): void {
  const before = runner.beforeAll ?? runner.before;
  const after = runner.afterAll ?? runner.after;
  if (!before || !after) {
    throw new TypeError('describeSessionStore() needs the hooks of the test runner: beforeAll and afterAll.');
  }
  const absent: readonly Need[] = another ? without : [...without, 'shared'];
  runner.describe(`${name} keeps the session store contract`, () => {
    let subject: Subject;
    let other: ContractSubject | undefined;
    before(async () => {
      subject = await make();
      other = await another?.(subject);
    });
    after(async () => {
      await other?.close?.();
      await subject?.close?.();
    });
    runner.describe('declarations', () => describeDeclarations(runner, () => subject.store, without));
    for (const theme of THEMES) {
      const stores = (): Stores => [subject.store, (other ?? subject).store];
      runner.describe(theme.title, () => describeTheme(theme, runner, stores, absent));
    }
  });
}

type Stores = readonly [store: SessionStore, other: SessionStore];

function describeDeclarations(
  runner: ContractRunner,
  store: () => SessionStore,
  without: readonly SessionStorePart[],
): void {
  runner.it('has the five verbs and says what it guarantees', async () => {
    assert.ok(isSessionStore(store()), 'needs create, read, update, touch, delete and guarantees');
  });
  for (const part of Object.keys(ALL_PARTS) as SessionStorePart[]) {
    if (without.includes(part)) runner.it(notSo(part), async () => lacks(store(), part));
    else runner.it(`is ${ALL_PARTS[part]}, by its own declaration`, async () => declares(store(), part));
  }
}

function describeTheme(
  { needs, tests }: Theme,
  runner: ContractRunner,
  stores: () => Stores,
  absent: readonly Need[],
): void {
  const missing = needs?.filter((need) => absent.includes(need)) ?? [];
  for (const need of missing) runner.it(`does not apply: ${notSo(need)}`, async () => lacks(stores()[0], need));
  if (missing.length > 0) return;
  for (const [title, test] of Object.entries(tests)) runner.it(title, () => test(...stores()));
}

function notSo(need: Need): string {
  if (need === 'shared') return 'nothing was said of another store on the same engine';
  return `not ${ALL_PARTS[need]}, by its own declaration`;
}
