import assert from 'node:assert/strict';
import type { SessionRecord } from '../../core/record.js';
import type { SessionChange, SessionStore } from '../../core/store.js';
import {
  assertAbsent,
  assertGone,
  assertStored,
  atOnce,
  countOf,
  HOUR,
  MINUTE,
  newRotation,
  newStored,
  newUser,
  type Theme,
} from './theme.js';

/** Fields and meta keep the same rules, and are kept apart. */
const TEXTS = ['fields', 'meta'] as const;

const texts = (entries: Record<string, string>): Map<string, string> => new Map(Object.entries(entries));

async function apply(store: SessionStore, record: SessionRecord, change: Omit<SessionChange, 'expect'>): Promise<void> {
  assert.equal(await store.update(record.id, { ...change, expect: {} }, record.createdAt), 'ok');
}

/** What must hold of fields and of meta alike. */
function mergingOf(kind: (typeof TEXTS)[number]): Theme['tests'] {
  const other = kind === 'fields' ? 'meta' : 'fields';
  return {
    [`B-27 ${kind}: a change keeps the names it does not mention`]: async (store) => {
      const record = await newStored(store, { [kind]: texts({ a: '1', b: '2' }) });
      await apply(store, record, { [kind]: texts({ b: '3', c: '4' }) });
      await assertStored(store, { ...record, version: 1, [kind]: texts({ a: '1', b: '3', c: '4' }) });
    },

    [`B-27 ${kind}: two changes of different names both stay`]: async (store) => {
      const record = await newStored(store);
      await apply(store, record, { [kind]: texts({ a: '1' }) });
      await apply(store, record, { [kind]: texts({ b: '2' }) });
      await assertStored(store, { ...record, version: 2, [kind]: texts({ a: '1', b: '2' }) });
    },

    [`I7 ${kind}: of two changes of one name the later stays`]: async (store) => {
      const record = await newStored(store);
      await apply(store, record, { [kind]: texts({ a: '1' }) });
      await apply(store, record, { [kind]: texts({ a: '2' }) });
      await assertStored(store, { ...record, version: 2, [kind]: texts({ a: '2' }) });
    },

    [`I7 ${kind}: null removes a name, and only that`]: async (store) => {
      const record = await newStored(store, { [kind]: texts({ a: '1', b: '2' }) });
      await apply(store, record, { [kind]: new Map([['a', null]]) });
      await assertStored(store, { ...record, version: 1, [kind]: texts({ b: '2' }) });
    },

    [`${kind}: removing a name that is not there is no error`]: async (store) => {
      const record = await newStored(store, { [kind]: texts({ a: '1' }) });
      await apply(store, record, { [kind]: new Map([['nobody', null]]) });
      await assertStored(store, { ...record, version: 1 });
    },

    [`${kind}: one change sets and removes`]: async (store) => {
      const record = await newStored(store, { [kind]: texts({ a: '1', b: '2' }) });
      const change = new Map<string, string | null>([
        ['a', null],
        ['b', '3'],
        ['c', '4'],
      ]);
      await apply(store, record, { [kind]: change });
      await assertStored(store, { ...record, version: 1, [kind]: texts({ b: '3', c: '4' }) });
    },

    [`C-29 B-26 ${kind}: without its last name the record still exists`]: async (store) => {
      const record = await newStored(store, { [kind]: texts({ a: '1' }) });
      await apply(store, record, { [kind]: new Map([['a', null]]) });
      await assertStored(store, { ...record, version: 1, [kind]: new Map() });
      await apply(store, record, { [kind]: texts({ b: '2' }) });
      await assertStored(store, { ...record, version: 2, [kind]: texts({ b: '2' }) });
    },

    [`${kind}: a name of ${other} is another one`]: async (store) => {
      const record = await newStored(store, { [kind]: texts({ a: '1' }), [other]: texts({ a: '2' }) });
      await apply(store, record, { [kind]: texts({ a: '3' }) });
      await assertStored(store, { ...record, version: 1, [kind]: texts({ a: '3' }) });
      await apply(store, record, { [kind]: new Map([['a', null]]) });
      await assertStored(store, { ...record, version: 2, [kind]: new Map() });
    },
  };
}

/** `update` without a rotation. */
export const updating: readonly Theme[] = [
  {
    title: 'update',
    tests: {
      ...mergingOf('fields'),
      ...mergingOf('meta'),

      'leaves everything else of the record alone': async (store) => {
        const createdAt = Date.now();
        const record = await newStored(store, {
          name: 'admin',
          userId: newUser(),
          generation: 3,
          version: 8,
          createdAt,
          authenticatedAt: createdAt + 5,
          fields: texts({ a: '1' }),
          meta: texts({ m: '1' }),
        });
        await apply(store, record, { fields: texts({ b: '2' }) });
        await assertStored(store, { ...record, version: 9, fields: texts({ a: '1', b: '2' }) });
      },

      'changes fields and meta in one step': async (store) => {
        const record = await newStored(store, { fields: texts({ a: '1' }), meta: texts({ m: '1' }) });
        await apply(store, record, { fields: texts({ b: '2' }), meta: texts({ n: '2' }) });
        const [fields, meta] = [texts({ a: '1', b: '2' }), texts({ m: '1', n: '2' })];
        await assertStored(store, { ...record, version: 1, fields, meta });
      },

      'replace removes the fields that are not set, and no meta': async (store) => {
        const record = await newStored(store, { fields: texts({ a: '1', b: '2' }), meta: texts({ m: '1' }) });
        await apply(store, record, { fields: texts({ b: '3', c: '4' }), replace: true });
        await assertStored(store, { ...record, version: 1, fields: texts({ b: '3', c: '4' }) });
      },

      'C-29 replace with no fields, or with nothing said of them, empties the record': async (store) => {
        const record = await newStored(store, { fields: texts({ a: '1' }), meta: texts({ m: '1' }) });
        await apply(store, record, { fields: new Map(), replace: true });
        await assertStored(store, { ...record, version: 1, fields: new Map() });
        await apply(store, record, { fields: texts({ b: '2' }) });
        await apply(store, record, { replace: true });
        await assertStored(store, { ...record, version: 3, fields: new Map() });
      },

      'replace heeds a null beside what it sets': async (store) => {
        const record = await newStored(store, { fields: texts({ a: '1', b: '2' }) });
        const fields = new Map([
          ['a', null],
          ['c', '3'],
        ]);
        await apply(store, record, { fields, replace: true });
        await assertStored(store, { ...record, version: 1, fields: texts({ c: '3' }) });
      },

      'raises the version by one each time, even when nothing differs': async (store) => {
        const record = await newStored(store, { version: 4, fields: texts({ a: '1' }) });
        await apply(store, record, {});
        await apply(store, record, { fields: texts({ a: '1' }) });
        await apply(store, record, { fields: new Map(), meta: new Map() });
        await assertStored(store, { ...record, version: 7 });
      },

      'I5 B-46 extends the life of the record, and never shortens it': async (store) => {
        const record = await newStored(store);
        const later = record.expiresAt + HOUR;
        await apply(store, record, { fields: texts({ a: '1' }), expiresAt: later });
        await apply(store, record, { fields: texts({ b: '2' }), expiresAt: record.expiresAt + MINUTE });
        await apply(store, record, { fields: texts({ c: '3' }) });
        const fields = texts({ a: '1', b: '2', c: '3' });
        await assertStored(store, { ...record, version: 3, fields, expiresAt: later }, later - 1);
        await assertAbsent(store, record.id, later);
      },

      'I4 extends no further than the absolute end': async (store) => {
        const record = await newStored(store);
        const { absoluteExpiresAt } = record;
        await apply(store, record, { expiresAt: absoluteExpiresAt + 1 });
        await assertStored(store, { ...record, version: 1, expiresAt: absoluteExpiresAt }, absoluteExpiresAt - 1);
        await assertAbsent(store, record.id, absoluteExpiresAt);
      },

      'C-1 I2 after a delete writes nothing and brings nothing back': async (store) => {
        const record = await newStored(store, { fields: texts({ a: '1' }) });
        const { createdAt: now, expiresAt, id } = record;
        assert.equal(await store.delete(id), true);
        assertGone(await store.update(id, { fields: texts({ a: '2' }), expect: {} }, now));
        assertGone(await store.update(id, { meta: texts({ a: '2' }), expiresAt, expect: { generation: 0 } }, now));
        assertGone(await store.update(id, { fields: texts({ a: '2' }), replace: true, expect: {} }, now));
        assertGone(await store.update(id, { rotate: newRotation(record), expect: {} }, now));
        await assertAbsent(store, id, now);
      },
    },
  },
  {
    title: 'update, many at once',
    needs: ['atomicUpdate'],
    tests: {
      'B-27 I6 50 changes of different fields all stay, and each raises the version': async (store) => {
        const record = await newStored(store, { fields: texts({ kept: '"kept"' }) });
        await atOnce(50, (index) => apply(store, record, { fields: texts({ [`field ${index}`]: String(index) }) }));
        const fields = new Map([['kept', '"kept"']]);
        for (let index = 0; index < 50; index++) fields.set(`field ${index}`, String(index));
        await assertStored(store, { ...record, version: 50, fields });
      },

      'I6 20 changes of fields and of meta all stay': async (store) => {
        const record = await newStored(store);
        const kindOf = (index: number) => TEXTS[index % 2]!;
        await atOnce(20, (index) => apply(store, record, { [kindOf(index)]: texts({ [`n${index}`]: String(index) }) }));
        const [fields, meta] = [new Map<string, string>(), new Map<string, string>()];
        for (let index = 0; index < 20; index++) (index % 2 ? meta : fields).set(`n${index}`, String(index));
        await assertStored(store, { ...record, version: 20, fields, meta });
      },

      'B-30 I7 a field that is removed while others are set stays removed': async (store) => {
        const record = await newStored(store, { fields: texts({ gone: '1', kept: '1' }) });
        await atOnce(21, (index) => {
          return apply(store, record, {
            fields: index === 10 ? new Map([['gone', null]]) : texts({ [`n${index}`]: '1' }),
          });
        });
        const found = await store.read(record.id, record.createdAt);
        assert.equal(found?.fields.has('gone'), false);
        assert.equal(found.fields.size, 21);
      },

      'B-28 I7 of 20 changes of one field one stays, whole': async (store) => {
        const record = await newStored(store);
        await atOnce(20, (index) => apply(store, record, { fields: texts({ a: `"${index}"`, b: `"${index}"` }) }));
        const found = await store.read(record.id, record.createdAt);
        assert.match(found?.fields.get('a') ?? '', /^"\d+"$/);
        assert.equal(found?.fields.get('a'), found?.fields.get('b'));
        assert.equal(found?.version, 20);
      },

      'I9 no read sees half of a change': async (store) => {
        const record = await newStored(store, { fields: texts({ a: '0', b: '0' }), meta: texts({ c: '0' }) });
        const halves = await atOnce(60, async (index) => {
          const text = String(index);
          if (index % 2) {
            await apply(store, record, { fields: texts({ a: text, b: text }), meta: texts({ c: text }) });
            return false;
          }
          const found = await store.read(record.id, record.createdAt);
          return !found || new Set([found.fields.get('a'), found.fields.get('b'), found.meta.get('c')]).size > 1;
        });
        assert.equal(countOf(halves, true), 0);
      },

      'I6 a change and a touch at once both stay': async (store) => {
        const record = await newStored(store);
        const { createdAt: now, id } = record;
        const later = record.expiresAt + HOUR;
        const results = await atOnce(20, (index) => {
          if (index % 2 === 0) return store.touch(id, later, now, {});
          return store.update(id, { fields: texts({ [`n${index}`]: '1' }), expect: {} }, now);
        });
        assert.deepEqual(new Set(results), new Set(['ok']));
        const found = await store.read(id, later - 1);
        assert.equal(found?.expiresAt, later);
        assert.equal(found.fields.size, 10);
      },
    },
  },
];
