import assert from 'node:assert/strict';
import {
  assertAbsent,
  assertGone,
  assertStored,
  atOnce,
  countOf,
  DAY,
  HOUR,
  MINUTE,
  newHash,
  newRotation,
  newStored,
  newUser,
  type Theme,
} from './theme.js';

const FIELDS = new Map([['cart', '["tea"]']]);

/** `update` with a rotation: login and regenerate. */
export const rotating: readonly Theme[] = [
  {
    title: 'rotation',
    tests: {
      'C-7 assigns all it has, keeps all it has not, and raises the version': async (store) => {
        const record = await newStored(store, {
          name: 'admin',
          version: 4,
          fields: FIELDS,
          meta: new Map([['m', '1']]),
        });
        const { createdAt: now, expiresAt, generation, id, secretHash } = record;
        const rotate = newRotation(record, {
          userId: newUser(),
          authenticatedAt: now,
          expiresAt: expiresAt + HOUR,
          absoluteExpiresAt: now + 20 * HOUR,
        });
        assert.equal(await store.update(id, { rotate, expect: { generation, secretHash } }, now), 'ok');
        await assertStored(store, { ...record, ...rotate, version: 5 });
      },

      'C-7 happens together with changes of fields and meta': async (store) => {
        const record = await newStored(store, {
          fields: new Map([...FIELDS, ['old', '1']]),
          meta: new Map([['m', '1']]),
        });
        const rotate = newRotation(record, { userId: newUser(), authenticatedAt: record.createdAt });
        const change = {
          fields: new Map([
            ['new', '2'],
            ['old', null],
          ]),
          meta: new Map([['retired', '[]']]),
          rotate,
          expect: { secretHash: record.secretHash },
        };
        assert.equal(await store.update(record.id, change, record.createdAt), 'ok');
        const fields = new Map([...FIELDS, ['new', '2']]);
        const meta = new Map([
          ['m', '1'],
          ['retired', '[]'],
        ]);
        await assertStored(store, { ...record, ...rotate, version: 1, fields, meta });
      },

      'C-7 happens together with a replacement of all fields': async (store) => {
        const record = await newStored(store, { fields: FIELDS });
        const rotate = newRotation(record);
        const change = { fields: new Map([['only', '1']]), replace: true, rotate, expect: {} };
        assert.equal(await store.update(record.id, change, record.createdAt), 'ok');
        await assertStored(store, { ...record, ...rotate, version: 1, fields: new Map([['only', '1']]) });
      },

      'assigns an earlier end as it stands': async (store) => {
        const record = await newStored(store);
        const { createdAt: now } = record;
        const rotate = newRotation(record, { expiresAt: now + 5 * MINUTE, absoluteExpiresAt: now + HOUR });
        assert.equal(await store.update(record.id, { rotate, expect: {} }, now), 'ok');
        await assertStored(store, { ...record, ...rotate, version: 1 }, rotate.expiresAt - 1);
        await assertAbsent(store, record.id, rotate.expiresAt);
      },

      'assigns ends beyond the old absolute one: a login starts both anew': async (store) => {
        const record = await newStored(store);
        const { createdAt: now } = record;
        const rotate = newRotation(record, { expiresAt: now + 30 * DAY, absoluteExpiresAt: now + 90 * DAY });
        assert.equal(await store.update(record.id, { rotate, expect: {} }, now), 'ok');
        await assertStored(store, { ...record, ...rotate, version: 1 }, rotate.expiresAt - 1);
      },

      'I4 a touch afterwards heeds the new absolute end': async (store) => {
        const record = await newStored(store);
        const { createdAt: now, id } = record;
        const absoluteExpiresAt = now + HOUR;
        const rotate = newRotation(record, { absoluteExpiresAt });
        assert.equal(await store.update(id, { rotate, expect: {} }, now), 'ok');
        assert.equal(await store.touch(id, now + 6 * HOUR, now, {}), 'ok');
        await assertStored(store, { ...record, ...rotate, version: 1, expiresAt: absoluteExpiresAt });
      },

      'removes user and login time that are undefined': async (store) => {
        const record = await newStored(store, { userId: newUser(), authenticatedAt: Date.now() });
        const rotate = newRotation(record, { userId: undefined, authenticatedAt: undefined });
        assert.equal(await store.update(record.id, { rotate, expect: {} }, record.createdAt), 'ok');
        await assertStored(store, { ...record, ...rotate, version: 1 });
      },

      'I13 with a stale expectation changes nothing': async (store) => {
        const record = await newStored(store, { generation: 2, userId: newUser(), fields: FIELDS });
        const { createdAt: now, id, secretHash } = record;
        const change = { fields: new Map([['planted', '1']]), meta: new Map([['m', '1']]) };
        const rotate = newRotation(record, { userId: newUser(), expiresAt: record.expiresAt + HOUR });
        for (const expect of [
          { generation: 1, secretHash },
          { generation: 2, secretHash: newHash() },
          { generation: 3, secretHash },
        ]) {
          assert.equal(await store.update(id, { ...change, rotate, expect }, now), 'conflict');
        }
        await assertStored(store, record);
      },

      'I13 what expects the generation before it is refused from then on': async (store) => {
        const record = await newStored(store, { fields: FIELDS });
        const { createdAt: now, generation, id } = record;
        const rotate = newRotation(record, { userId: newUser(), authenticatedAt: now });
        assert.equal(await store.update(id, { rotate, expect: { generation } }, now), 'ok');
        const after = { ...record, ...rotate, version: 1 };
        const expect = { generation };
        assert.equal(await store.update(id, { fields: new Map([['late', '1']]), expect }, now), 'conflict');
        assert.equal(await store.update(id, { rotate: newRotation(record), expect }, now), 'conflict');
        assert.equal(await store.touch(id, record.expiresAt + HOUR, now, expect), 'conflict');
        assert.equal(await store.delete(id, expect), false);
        await assertStored(store, after);
      },

      'I12 the same rotation cannot happen twice': async (store) => {
        const record = await newStored(store);
        const { createdAt: now, generation, id, secretHash } = record;
        const [first, second] = [newRotation(record), newRotation(record)];
        const expect = { generation, secretHash };
        assert.equal(await store.update(id, { rotate: first, expect }, now), 'ok');
        assert.equal(await store.update(id, { rotate: second, expect }, now), 'conflict');
        await assertStored(store, { ...record, ...first, version: 1 });
      },

      'C-1 I2 after a delete brings nothing back': async (store) => {
        const record = await newStored(store);
        const { createdAt: now, generation, id, secretHash } = record;
        assert.equal(await store.delete(id), true);
        const rotate = newRotation(record, { userId: newUser(), authenticatedAt: now });
        assertGone(await store.update(id, { rotate, expect: { generation, secretHash } }, now));
        await assertAbsent(store, id, now);
      },
    },
  },
  {
    title: 'rotation, many at once',
    needs: ['atomicUpdate', 'oneLiveToken'],
    tests: {
      'B-39 I12 of 20 rotations exactly one happens, and its secret stands': async (store) => {
        const record = await newStored(store, { fields: FIELDS });
        const { createdAt: now, generation, id, secretHash } = record;
        const rotations = Array.from({ length: 20 }, () => newRotation(record, { userId: newUser() }));
        const results = await atOnce(rotations.length, (index) => {
          return store.update(id, { rotate: rotations[index]!, expect: { generation, secretHash } }, now);
        });
        assert.equal(countOf(results, 'ok'), 1);
        assert.equal(countOf(results, 'conflict'), 19);
        await assertStored(store, { ...record, ...rotations[results.indexOf('ok')]!, version: 1 });
      },

      'I13 of writes that race a rotation none that expects the old generation lands after it': async (store) => {
        const record = await newStored(store);
        const { createdAt: now, generation, id } = record;
        const rotate = newRotation(record, { userId: newUser(), authenticatedAt: now });
        const results = await atOnce(21, (index) => {
          if (index === 10) return store.update(id, { rotate, expect: { generation } }, now);
          return store.update(id, { fields: new Map([[`n${index}`, '1']]), expect: { generation } }, now);
        });
        assert.equal(results[10], 'ok');
        const written = results.flatMap((result, index) => (result === 'ok' && index !== 10 ? [`n${index}`] : []));
        const fields = new Map(written.map((name) => [name, '1']));
        await assertStored(store, { ...record, ...rotate, version: written.length + 1, fields });
      },
    },
  },
];
