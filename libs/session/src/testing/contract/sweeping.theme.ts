import assert from 'node:assert/strict';
import type { SessionRecord } from '../../core/record.js';
import { isPingable, isSweepable, isUserIndex, type SessionStore, type Sweepable } from '../../core/store.js';
import {
  assertAbsent,
  assertGone,
  assertStored,
  atOnce,
  HOUR,
  MINUTE,
  newRotation,
  newStored,
  newUser,
  SECOND,
  type Theme,
} from './theme.js';

const MANY = 1_000;

function sweeperOf(store: SessionStore): Sweepable {
  assert.ok(isSweepable(store));
  return store;
}

/** Removes everything that has expired, and says how many. */
async function sweepAll(store: SessionStore, now: number): Promise<number> {
  let swept = 0;
  for (;;) {
    const removed = await sweeperOf(store).sweep(now, MANY);
    swept += removed;
    if (removed < MANY) return swept;
  }
}

/**
 * Records of the past, of which nothing is left over from other tests at `now`. Time is the real one here, so that no
 * session of anybody else's is taken for expired.
 */
async function givenPast(store: SessionStore): Promise<{
  now: number;
  expired: (given?: Partial<SessionRecord>) => Promise<SessionRecord>;
  live: () => Promise<SessionRecord>;
}> {
  const now = Date.now();
  await sweepAll(store, now);
  const createdAt = now - 2 * HOUR;
  return {
    now,
    expired: (given) => newStored(store, { createdAt, expiresAt: now - HOUR, ...given }),
    live: () => newStored(store, { createdAt, expiresAt: now + HOUR }),
  };
}

/** `Sweepable` and `Pingable`. */
export const sweeping: readonly Theme[] = [
  {
    title: 'sweep',
    needs: ['sweepable'],
    tests: {
      'B-49 removes what has expired and nothing else, and says how many': async (store) => {
        const { expired, live, now } = await givenPast(store);
        const alive = [await live()];
        const dead = [];
        for (let index = 0; index < 5; index++) dead.push(await expired());
        alive.push(await live());
        assert.equal(await sweeperOf(store).sweep(now, MANY), 5);
        for (const record of alive) await assertStored(store, record, now);
        for (const { id } of dead) await assertAbsent(store, id, now);
        assert.equal(await sweeperOf(store).sweep(now, MANY), 0);
      },

      'B-49 removes the record itself, and does not merely hide it': async (store) => {
        const { expired, now } = await givenPast(store);
        const { expiresAt, id } = await expired();
        assert.equal(await sweeperOf(store).sweep(now, MANY), 1);
        // By the clock of a node that is behind, it would still be there.
        await assertAbsent(store, id, expiresAt - 1);
        assert.equal(await store.delete(id), false);
      },

      'B-49 removes at most as many as it is asked to': async (store) => {
        const { expired, now } = await givenPast(store);
        for (let index = 0; index < 7; index++) await expired({ expiresAt: now - HOUR + index * SECOND });
        const sizes = [];
        for (let round = 0; round < 4; round++) sizes.push(await sweeperOf(store).sweep(now, 3));
        assert.deepEqual(sizes, [3, 3, 1, 0]);
      },

      'B-49 removes at most as many as it is asked to, of records with the same end': async (store) => {
        const { expired, now } = await givenPast(store);
        await atOnce(5, () => expired());
        const sizes = [];
        for (let round = 0; round < 4; round++) sizes.push(await sweeperOf(store).sweep(now, 2));
        assert.deepEqual(sizes, [2, 2, 1, 0]);
      },

      'B-43 removes what ends at that very millisecond, and not what ends at the next': async (store) => {
        const { expired, now } = await givenPast(store);
        const at = await expired({ expiresAt: now });
        const next = await expired({ expiresAt: now + 1 });
        assert.equal(await sweeperOf(store).sweep(now, MANY), 1);
        await assertAbsent(store, at.id, now - 1);
        await assertStored(store, next, now);
        assert.equal(await sweeperOf(store).sweep(now + 1, MANY), 1);
        await assertAbsent(store, next.id, now);
      },

      'B-49 a record that was touched since survives': async (store) => {
        const { expired, now } = await givenPast(store);
        const record = await expired();
        const expiresAt = now + MINUTE;
        assert.equal(await store.touch(record.id, expiresAt, record.expiresAt - MINUTE, {}), 'ok');
        assert.equal(await sweeperOf(store).sweep(now, MANY), 0);
        await assertStored(store, { ...record, expiresAt }, now);
        assert.equal(await sweeperOf(store).sweep(expiresAt, MANY), 1);
      },

      'B-49 a record that was updated since survives': async (store) => {
        const { expired, now } = await givenPast(store);
        const record = await expired();
        const expiresAt = now + MINUTE;
        assert.equal(await store.update(record.id, { expiresAt, expect: {} }, record.expiresAt - MINUTE), 'ok');
        assert.equal(await sweeperOf(store).sweep(now, MANY), 0);
        await assertStored(store, { ...record, version: 1, expiresAt }, now);
      },

      'B-49 a record that a rotation gave an earlier end goes at that end': async (store) => {
        const { live, now } = await givenPast(store);
        const record = await live();
        const rotate = newRotation(record, { expiresAt: now - MINUTE });
        assert.equal(await store.update(record.id, { rotate, expect: {} }, now - HOUR), 'ok');
        assert.equal(await sweeperOf(store).sweep(now, MANY), 1);
        await assertAbsent(store, record.id, now - MINUTE - 1);
      },

      'B-49 a record that was deleted is not counted': async (store) => {
        const { expired, now } = await givenPast(store);
        const { id } = await expired();
        await expired();
        assert.equal(await store.delete(id), true);
        assert.equal(await sweeperOf(store).sweep(now, MANY), 1);
      },

      'B-49 sweeps at once remove each record once': async (store) => {
        const { expired, now } = await givenPast(store);
        await atOnce(20, () => expired());
        const swept = await atOnce(4, () => sweeperOf(store).sweep(now, 20));
        const left = await sweepAll(store, now);
        assert.equal(
          swept.reduce((sum, count) => sum + count, left),
          20,
        );
      },

      'B-49 no record goes whose touch was acknowledged during a sweep': async (store) => {
        const { expired, now } = await givenPast(store);
        const records = await atOnce(20, () => expired({ expiresAt: now }));
        const sweep = sweepAll(store, now);
        const results = await Promise.all(records.map(({ id }) => store.touch(id, now + HOUR, now - 1, {})));
        await sweep;
        for (const [index, record] of records.entries()) {
          const result = results[index]!;
          if (result === 'ok') await assertStored(store, { ...record, expiresAt: now + HOUR }, now);
          else {
            assertGone(result);
            await assertAbsent(store, record.id, now);
          }
        }
      },

      'I22 a record that was swept is off the list of its user': async (store) => {
        const { expired, now } = await givenPast(store);
        const userId = newUser();
        const record = await expired({ userId });
        assert.equal(await sweeperOf(store).sweep(now, MANY), 1);
        if (isUserIndex(store)) assert.deepEqual(await store.listByUser(userId, record.createdAt), []);
        await assertAbsent(store, record.id, record.createdAt);
      },
    },
  },
  {
    title: 'another store on the same engine, sweep',
    needs: ['shared', 'sweepable'],
    tests: {
      'B-49 sweeps of both at once remove each record once': async (store, other) => {
        const { expired, now } = await givenPast(store);
        const records = await atOnce(20, () => expired());
        const swept = await atOnce(4, (index) => sweeperOf(index % 2 ? store : other).sweep(now, 20));
        const left = await sweepAll(other, now);
        assert.equal(
          swept.reduce((sum, count) => sum + count, left),
          20,
        );
        for (const { expiresAt, id } of records) await assertAbsent(store, id, expiresAt - 1);
      },
    },
  },
  {
    title: 'ping',
    needs: ['pingable'],
    tests: {
      'resolves while the engine works': async (store) => {
        assert.ok(isPingable(store));
        await store.ping();
      },
    },
  },
];
