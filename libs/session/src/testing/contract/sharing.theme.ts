import assert from 'node:assert/strict';
import type { SessionRecord } from '../../core/record.js';
import { isUserIndex, type SessionStore, type UserIndex } from '../../core/store.js';
import {
  assertAbsent,
  assertGone,
  assertStored,
  atOnce,
  countOf,
  HOUR,
  MINUTE,
  newHash,
  newId,
  newRecord,
  newRotation,
  newStored,
  newUser,
  type Theme,
} from './theme.js';

const texts = (entries: Record<string, string>): Map<string, string> => new Map(Object.entries(entries));

/** Through both stores, in turn, all under way at once. */
function throughBoth<T>(
  stores: readonly [SessionStore, SessionStore],
  count: number,
  call: (store: SessionStore, index: number) => Promise<T>,
): Promise<T[]> {
  return atOnce(count, (index) => call(stores[index % 2]!, index));
}

/** A record that both have seen, so that each could have it in a cache. */
async function newShared(
  store: SessionStore,
  other: SessionStore,
  given?: Partial<SessionRecord>,
): Promise<SessionRecord> {
  const record = await newStored(store, given);
  await assertStored(other, record);
  await assertStored(store, record);
  return record;
}

function indexOf(store: SessionStore): UserIndex {
  assert.ok(isUserIndex(store));
  return store;
}

async function assertListed(store: SessionStore, userId: string, expected: readonly SessionRecord[]): Promise<void> {
  const listed = await indexOf(store).listByUser(userId, Date.now());
  assert.deepEqual(listed.map(({ id }) => id).sort(), expected.map(({ id }) => id).sort());
}

/** Two stores on one engine: two processes, or one application before and after a restart. */
export const sharing: readonly Theme[] = [
  {
    title: 'another store on the same engine',
    needs: ['shared'],
    tests: {
      'I19 finds what the first has stored, whole': async (store, other) => {
        const createdAt = Date.now();
        const record = await newStored(store, {
          name: 'admin',
          userId: newUser(),
          generation: 2,
          version: 5,
          createdAt,
          authenticatedAt: createdAt + 3,
          fields: texts({ cart: '["tea"]' }),
          meta: texts({ idle: '1800000' }),
        });
        await assertStored(other, record);
      },

      'C-13 both find each other’s changes at once': async (store, other) => {
        const record = await newShared(store, other, { fields: texts({ a: '1' }) });
        const { createdAt: now, id } = record;
        assert.equal(await other.update(id, { fields: texts({ b: '2' }), expect: { version: 0 } }, now), 'ok');
        const changed = { ...record, version: 1, fields: texts({ a: '1', b: '2' }) };
        await assertStored(store, changed);
        const expiresAt = record.expiresAt + MINUTE;
        assert.equal(await store.touch(id, expiresAt, now, {}), 'ok');
        await assertStored(other, { ...changed, expiresAt }, expiresAt - 1);
      },

      'C-9 I16 an id that one has taken is taken for the other': async (store, other) => {
        const record = await newStored(store);
        assert.equal(await other.create(newRecord({ id: record.id })), false);
        await assertStored(other, record);
      },

      'I13 what expects a version that the other has passed is refused': async (store, other) => {
        const record = await newShared(store, other);
        const { createdAt: now, id } = record;
        assert.equal(await other.update(id, { fields: texts({ a: '1' }), expect: {} }, now), 'ok');
        assert.equal(await store.update(id, { fields: texts({ a: '2' }), expect: { version: 0 } }, now), 'conflict');
        await assertStored(store, { ...record, version: 1, fields: texts({ a: '1' }) });
      },
    },
  },
  {
    title: 'another store on the same engine, one live token',
    needs: ['shared', 'oneLiveToken'],
    tests: {
      'I12 I13 what one has rotated is rotated for the other at once': async (store, other) => {
        const record = await newShared(store, other);
        const { createdAt: now, generation, id, secretHash } = record;
        const rotate = newRotation(record, { userId: newUser(), authenticatedAt: now });
        const expect = { generation, secretHash };
        assert.equal(await other.update(id, { rotate, expect }, now), 'ok');
        await assertStored(store, { ...record, ...rotate, version: 1 });
        assert.equal(await store.update(id, { rotate: newRotation(record), expect }, now), 'conflict');
        assert.equal(await store.touch(id, record.expiresAt + HOUR, now, expect), 'conflict');
        assert.equal(await store.delete(id, expect), false);
        await assertStored(other, { ...record, ...rotate, version: 1 });
      },
    },
  },
  {
    title: 'another store on the same engine, revocation',
    needs: ['shared', 'revocable'],
    tests: {
      'I2 C-1 what one has ended is gone for the other at once, and no write brings it back': async (store, other) => {
        const record = await newShared(store, other, { userId: newUser() });
        const { createdAt: now, expiresAt, id } = record;
        assert.equal(await other.delete(id), true);
        await assertAbsent(store, id, now);
        assertGone(await store.update(id, { fields: texts({ late: '1' }), expect: {} }, now));
        assertGone(await store.update(id, { rotate: newRotation(record), expect: {} }, now));
        assertGone(await store.touch(id, expiresAt + HOUR, now, {}));
        assert.equal(await store.delete(id), false);
        await assertAbsent(other, id, now);
      },
    },
  },
  {
    title: 'another store on the same engine, many at once',
    needs: ['shared', 'atomicUpdate'],
    tests: {
      'C-9 I16 of 20 creates of one id exactly one succeeds': async (...stores) => {
        const id = newId();
        const rivals = Array.from({ length: 20 }, () => newRecord({ id, secretHash: newHash() }));
        const results = await throughBoth(stores, 20, (store, index) => store.create(rivals[index]!));
        assert.equal(countOf(results, true), 1);
        for (const store of stores) await assertStored(store, rivals[results.indexOf(true)]!);
      },

      'B-27 I6 50 changes of different fields all stay': async (...stores) => {
        const record = await newShared(...stores);
        const results = await throughBoth(stores, 50, (store, index) => {
          const change = { fields: texts({ [`n${index}`]: String(index) }), expect: {} };
          return store.update(record.id, change, record.createdAt);
        });
        assert.equal(countOf(results, 'ok'), 50);
        const fields = new Map(Array.from({ length: 50 }, (_, index) => [`n${index}`, String(index)]));
        for (const store of stores) await assertStored(store, { ...record, version: 50, fields });
      },

      'I7 of 20 updates that expect the same version exactly one happens': async (...stores) => {
        const record = await newShared(...stores);
        const results = await throughBoth(stores, 20, (store, index) => {
          const change = { fields: texts({ winner: String(index) }), expect: { version: 0 } };
          return store.update(record.id, change, record.createdAt);
        });
        assert.equal(countOf(results, 'ok'), 1);
        assert.equal(countOf(results, 'conflict'), 19);
        const fields = texts({ winner: String(results.indexOf('ok')) });
        for (const store of stores) await assertStored(store, { ...record, version: 1, fields });
      },

      'B-39 I12 of 20 rotations exactly one happens': async (...stores) => {
        const record = await newShared(...stores);
        const { createdAt: now, generation, id, secretHash } = record;
        const rotations = Array.from({ length: 20 }, () => newRotation(record, { userId: newUser() }));
        const results = await throughBoth(stores, 20, (store, index) => {
          return store.update(id, { rotate: rotations[index]!, expect: { generation, secretHash } }, now);
        });
        assert.equal(countOf(results, 'ok'), 1);
        const after = { ...record, ...rotations[results.indexOf('ok')]!, version: 1 };
        for (const store of stores) await assertStored(store, after);
      },

      'I6 changes through one and touches through the other all stay': async (store, other) => {
        const record = await newShared(store, other);
        const { createdAt: now, id } = record;
        const expiresAt = record.expiresAt + HOUR;
        const results = await throughBoth([store, other], 20, (one, index) => {
          if (one === other) return one.touch(id, expiresAt, now, {});
          return one.update(id, { fields: texts({ [`n${index}`]: '1' }), expect: {} }, now);
        });
        assert.equal(countOf(results, 'ok'), 20);
        const found = await store.read(id, now);
        assert.equal(found?.expiresAt, expiresAt);
        assert.equal(found.fields.size, 10);
      },
    },
  },
  {
    title: 'another store on the same engine, delete among writes',
    needs: ['shared', 'atomicUpdate', 'revocable'],
    tests: {
      'B-33 of 20 deletes exactly one says true': async (...stores) => {
        const { createdAt: now, id } = await newShared(...stores);
        const results = await throughBoth(stores, 20, (store) => store.delete(id));
        assert.equal(countOf(results, true), 1);
        for (const store of stores) await assertAbsent(store, id, now);
      },

      'B-32 I2 C-1 after a delete that raced the writes of the other nothing is left': async (store, other) => {
        for (let round = 0; round < 5; round++) {
          const { createdAt: now, expiresAt, id } = await newShared(store, other);
          await atOnce(11, async (index) => {
            if (index === 2 * round) assert.equal(await store.delete(id), true);
            else if (index % 2) await other.touch(id, expiresAt + HOUR, now, {});
            else await other.update(id, { fields: texts({ late: '1' }), expect: {} }, now);
          });
          for (const one of [store, other]) await assertAbsent(one, id, now);
        }
      },
    },
  },
  {
    title: 'another store on the same engine, users',
    needs: ['shared', 'listable'],
    tests: {
      'I22 lists what the other has stored, logged in and ended': async (store, other) => {
        const userId = newUser();
        const created = await newStored(store, { userId });
        const anonymous = await newStored(store);
        await assertListed(other, userId, [created]);
        const rotate = newRotation(anonymous, { userId });
        assert.equal(await other.update(anonymous.id, { rotate, expect: {} }, anonymous.createdAt), 'ok');
        await assertListed(store, userId, [created, anonymous]);
        assert.equal(await other.delete(created.id), true);
        await assertListed(store, userId, [anonymous]);
      },

      'I22 lists all of 20 sessions that were created through both at once': async (...stores) => {
        const userId = newUser();
        const records = await throughBoth(stores, 20, (store) => newStored(store, { userId }));
        for (const store of stores) await assertListed(store, userId, records);
      },

      'B-42 knows the epoch that the other has raised': async (store, other) => {
        const [userId, now] = [newUser(), Date.now()];
        assert.equal(await indexOf(other).epoch(userId), 0);
        await indexOf(store).raiseEpoch(userId, now);
        assert.equal(await indexOf(other).epoch(userId), now);
        await indexOf(other).raiseEpoch(userId, now - MINUTE);
        assert.equal(await indexOf(store).epoch(userId), now);
      },

      'B-42 of 20 raises at once the latest counts': async (...stores) => {
        const [userId, now] = [newUser(), Date.now()];
        await throughBoth(stores, 20, (store, index) => indexOf(store).raiseEpoch(userId, now + ((index * 7) % 20)));
        for (const store of stores) assert.equal(await indexOf(store).epoch(userId), now + 19);
      },
    },
  },
];
