import assert from 'node:assert/strict';
import type { SessionStore } from '../../core/store.js';
import {
  assertAbsent,
  assertStored,
  atOnce,
  countOf,
  HOUR,
  newId,
  newRotation,
  newStored,
  newUser,
  type Theme,
} from './theme.js';

/** One delete among ten other writes of the same record, all under way at once. */
async function deleteAmongWrites(store: SessionStore, position: number): Promise<void> {
  const record = await newStored(store, { userId: newUser() });
  const { createdAt: now, expiresAt, id } = record;
  const later = expiresAt + HOUR;
  await atOnce(11, async (index) => {
    if (index === position) {
      assert.equal(await store.delete(id), true);
      await assertAbsent(store, id, now);
    } else if (index % 3 === 0) await store.touch(id, later, now, {});
    else if (index % 3 === 1) await store.update(id, { rotate: newRotation(record), expect: {} }, now);
    else await store.update(id, { fields: new Map([['late', '1']]), expiresAt: later, expect: {} }, now);
  });
  await assertAbsent(store, id, now);
}

/** `delete`. Its expectations are with those of the other writes. */
export const deleting: readonly Theme[] = [
  {
    title: 'delete',
    tests: {
      'B-33 ends a record: true the first time, false from then on': async (store) => {
        const { createdAt: now, id } = await newStored(store);
        assert.equal(await store.delete(id), true);
        await assertAbsent(store, id, now);
        assert.equal(await store.delete(id), false);
        assert.equal(await store.delete(id, {}), false);
      },

      'B-33 of an unknown id says false': async (store) => {
        assert.equal(await store.delete(newId()), false);
        assert.equal(await store.delete(newId(), { generation: 0, userId: newUser() }), false);
      },

      'I14 ends that record and no other': async (store) => {
        const userId = newUser();
        const [one, two] = [await newStored(store, { userId }), await newStored(store, { userId })];
        assert.equal(await store.delete(one.id), true);
        await assertStored(store, two);
      },

      'ends a session only for the user that it belongs to': async (store) => {
        const userId = newUser();
        const record = await newStored(store, { userId });
        assert.equal(await store.delete(record.id, { userId: newUser() }), false);
        await assertStored(store, record);
        assert.equal(await store.delete(record.id, { userId }), true);
        await assertAbsent(store, record.id, record.createdAt);
      },
    },
  },
  {
    title: 'delete, many at once',
    needs: ['atomicUpdate', 'revocable'],
    tests: {
      'B-33 of 20 deletes exactly one says true': async (store) => {
        const { createdAt: now, id } = await newStored(store);
        const results = await atOnce(20, () => store.delete(id));
        assert.equal(countOf(results, true), 1);
        await assertAbsent(store, id, now);
      },

      ...Object.fromEntries(
        [0, 3, 5, 8, 10].map((position) => [
          `B-32 I2 C-1 after a delete that raced ten writes nothing is left (started after ${position})`,
          async (store: SessionStore) => {
            for (let round = 0; round < 3; round++) await deleteAmongWrites(store, position);
          },
        ]),
      ),

      'B-32 of a delete and a rotation that expect the same generation exactly one happens': async (store) => {
        for (let round = 0; round < 10; round++) {
          const record = await newStored(store);
          const { createdAt: now, generation, id } = record;
          const rotate = newRotation(record);
          const rotation = () => store.update(id, { rotate, expect: { generation } }, now);
          const deletion = () => store.delete(id, { generation });
          const calls: (() => Promise<unknown>)[] = round % 2 ? [rotation, deletion] : [deletion, rotation];
          const results = await atOnce(2, (index) => calls[index]!());
          if (results.includes('ok')) {
            assert.ok(results.includes(false), 'a delete that came too late should say false');
            await assertStored(store, { ...record, ...rotate, version: 1 });
          } else {
            assert.ok(results.includes(true), 'one of the two should have happened');
            await assertAbsent(store, id, now);
          }
        }
      },
    },
  },
];
