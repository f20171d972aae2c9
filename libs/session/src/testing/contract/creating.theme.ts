import assert from 'node:assert/strict';
import {
  assertAbsent,
  assertGone,
  assertStored,
  atOnce,
  copyOf,
  countOf,
  HOUR,
  newHash,
  newId,
  newRecord,
  newRotation,
  newStored,
  newUser,
  type Theme,
} from './theme.js';

/** `create` and `read`. */
export const creating: readonly Theme[] = [
  {
    title: 'create and read',
    tests: {
      'I19 gives an anonymous record back as it was given': async (store) => {
        const fields = new Map([
          ['cart', '["tea"]'],
          ['visits', '1'],
        ]);
        const record = await newStored(store, { fields, meta: new Map([['idle', '1800000']]) });
        await assertStored(store, record);
      },

      'I19 gives a logged-in record back as it was given': async (store) => {
        const createdAt = Date.now();
        await assertStored(
          store,
          await newStored(store, {
            name: 'admin',
            userId: newUser(),
            generation: 7,
            version: 31,
            createdAt,
            authenticatedAt: createdAt + 17,
            expiresAt: createdAt + HOUR + 1,
            absoluteExpiresAt: createdAt + 9 * HOUR + 2,
          }),
        );
      },

      'C-29 a record without any field exists': async (store) => {
        await assertStored(store, await newStored(store));
      },

      'I4 a record whose two ends are the same is kept as given': async (store) => {
        const record = newRecord();
        await assertStored(store, await newStored(store, { ...record, absoluteExpiresAt: record.expiresAt }));
      },

      'C-13 an unknown id reads as absent, and asking creates nothing': async (store) => {
        const record = newRecord();
        await assertAbsent(store, record.id);
        await assertAbsent(store, record.id);
        assert.equal(await store.create(copyOf(record)), true, 'the id should still be free');
        await assertStored(store, record);
      },

      'C-13 no other verb creates a record under an unknown id': async (store) => {
        const record = newRecord();
        const { createdAt: now, expiresAt, id } = record;
        assertGone(await store.update(id, { fields: new Map([['a', '1']]), expect: {} }, now));
        assertGone(await store.update(id, { rotate: newRotation(record), expect: {} }, now));
        assertGone(await store.touch(id, expiresAt, now, {}));
        assert.equal(await store.delete(id), false);
        await assertAbsent(store, id, now);
        assert.equal(await store.create(copyOf(record)), true, 'the id should still be free');
        await assertStored(store, record);
      },

      'C-9 I16 refuses an id that is taken, and changes nothing': async (store) => {
        const record = await newStored(store, { fields: new Map([['cart', '["tea"]']]), userId: newUser() });
        const intruder = newRecord({ id: record.id, generation: 4, fields: new Map([['role', '"admin"']]) });
        assert.equal(await store.create(intruder), false);
        await assertStored(store, record);
      },

      'C-9 C-14 an id is taken for every name': async (store) => {
        const record = await newStored(store, { name: 'session' });
        assert.equal(await store.create(newRecord({ id: record.id, name: 'admin' })), false);
        await assertStored(store, record);
      },

      'C-14 sessions of two names stay apart in what they hold': async (store) => {
        const one = await newStored(store, { name: 'session', fields: new Map([['who', '"one"']]) });
        const two = await newStored(store, { name: 'admin', fields: new Map([['who', '"two"']]) });
        const change = { fields: new Map([['who', '"three"']]), expect: {} };
        assert.equal(await store.update(two.id, change, two.createdAt), 'ok');
        await assertStored(store, one);
        await assertStored(store, { ...two, version: 1, fields: change.fields });
        assert.equal(await store.delete(two.id), true);
        await assertStored(store, one);
      },

      'I14 ids that differ in case alone are two ids': async (store) => {
        const tail = newId().slice(2);
        const upper = await newStored(store, { id: `Aa${tail}`, fields: new Map([['who', '"upper"']]) });
        const lower = await newStored(store, { id: `aa${tail}`, fields: new Map([['who', '"lower"']]) });
        await assertStored(store, upper);
        await assertStored(store, lower);
      },

      'I14 ids of dashes and underscores are ids like any other': async (store) => {
        const tail = newId().slice(8);
        for (const head of ['--------', '________', '-_-_-_-_', '00000000']) {
          const record = await newStored(store, { id: head + tail });
          await assertStored(store, record);
        }
      },
    },
  },
  {
    title: 'create, many at once',
    needs: ['atomicUpdate'],
    tests: {
      'C-9 I16 of 20 creates of one id exactly one succeeds, and its record stands': async (store) => {
        const id = newId();
        const rivals = Array.from({ length: 20 }, (_, rival) => {
          return newRecord({ id, secretHash: newHash(), fields: new Map([['rival', String(rival)]]) });
        });
        const results = await atOnce(rivals.length, (rival) => store.create(copyOf(rivals[rival]!)));
        assert.equal(countOf(results, true), 1);
        await assertStored(store, rivals[results.indexOf(true)]!);
      },

      'I14 100 creates of different ids all succeed, and each keeps its own': async (store) => {
        const records = await atOnce(100, (index) => newStored(store, { fields: new Map([['own', String(index)]]) }));
        await Promise.all(records.map((record) => assertStored(store, record)));
      },
    },
  },
];
