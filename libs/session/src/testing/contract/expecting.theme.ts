import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import type { SessionRecord } from '../../core/record.js';
import type { Expectation, SessionStore } from '../../core/store.js';
import {
  assertAbsent,
  assertStored,
  atOnce,
  countOf,
  MINUTE,
  newHash,
  newRotation,
  newStored,
  type Theme,
} from './theme.js';

interface Case {
  /** What it is that the write expects. */
  readonly of: string;
  readonly expect: (record: SessionRecord) => Expectation;
  /** What is different about the record. */
  readonly given?: Partial<SessionRecord>;
}

const RECORD = {
  userId: 'user of the expectations',
  generation: 3,
  version: 5,
  fields: new Map([
    ['cart', '["tea"]'],
    ['note', '"x"'],
  ]),
};

const texts = (entries: Record<string, string | null>): Expectation => ({ fields: new Map(Object.entries(entries)) });

const HOLDING: readonly Case[] = [
  { of: 'nothing', expect: () => ({}) },
  {
    of: 'nothing, by properties that are undefined',
    expect: () => ({
      generation: undefined,
      secretHash: undefined,
      version: undefined,
      userId: undefined,
      fields: undefined,
    }),
  },
  { of: 'no fields', expect: () => texts({}) },
  { of: 'its generation', expect: () => ({ generation: 3 }) },
  { of: 'generation 0', given: { generation: 0 }, expect: () => ({ generation: 0 }) },
  { of: 'its secret hash', expect: ({ secretHash }) => ({ secretHash }) },
  { of: 'its version', expect: () => ({ version: 5 }) },
  { of: 'its user', expect: ({ userId }) => ({ userId }) },
  { of: 'the text of a field', expect: () => texts({ cart: '["tea"]' }) },
  { of: 'a field to be absent', expect: () => texts({ nobody: null }) },
  {
    of: 'everything',
    expect: ({ secretHash, userId }) => ({
      generation: 3,
      version: 5,
      secretHash,
      userId,
      ...texts({ cart: '["tea"]', note: '"x"', nobody: null }),
    }),
  },
];

const FAILING: readonly Case[] = [
  { of: 'a later generation', expect: () => ({ generation: 4 }) },
  { of: 'an earlier generation', expect: () => ({ generation: 2 }) },
  { of: 'generation 0', expect: () => ({ generation: 0 }) },
  { of: 'another secret hash', expect: () => ({ secretHash: newHash() }) },
  { of: 'a later version', expect: () => ({ version: 6 }) },
  { of: 'an earlier version', expect: () => ({ version: 4 }) },
  { of: 'version 0', expect: () => ({ version: 0 }) },
  { of: 'another user', expect: () => ({ userId: 'somebody else' }) },
  { of: 'its user in capitals', expect: () => ({ userId: RECORD.userId.toUpperCase() }) },
  { of: 'its user and a blank', expect: () => ({ userId: `${RECORD.userId} ` }) },
  { of: 'a user where nobody is logged in', given: { userId: undefined }, expect: () => ({ userId: RECORD.userId }) },
  { of: 'another text of a field', expect: () => texts({ cart: '["coffee"]' }) },
  { of: 'the text of a field in capitals', expect: () => texts({ cart: '["TEA"]' }) },
  { of: 'the text of a field and a blank', expect: () => texts({ cart: '["tea"] ' }) },
  { of: 'the same JSON written otherwise', expect: () => texts({ cart: '[ "tea" ]' }) },
  { of: 'a text where there is no field', expect: () => texts({ nobody: '1' }) },
  { of: 'a field to be absent that is there', expect: () => texts({ cart: null }) },
  { of: 'two fields, of which one differs', expect: () => texts({ cart: '["tea"]', note: '"y"' }) },
  { of: 'two fields to be absent, of which one is there', expect: () => texts({ nobody: null, note: null }) },
  {
    of: 'everything, and only the generation differs',
    expect: ({ secretHash, userId }) => ({ generation: 4, version: 5, secretHash, userId, ...texts({ note: '"x"' }) }),
  },
];

interface Write {
  readonly does: string;
  /** Resolves to what was answered, and to what the record is then, if it is. */
  readonly run: (
    store: SessionStore,
    record: SessionRecord,
    expect: Expectation,
  ) => Promise<{ answer: unknown; after: SessionRecord | undefined }>;
  readonly done: unknown;
  readonly refused: unknown;
}

const WRITES: readonly Write[] = [
  {
    does: 'update',
    run: async (store, record, expect) => {
      const fields = new Map([['written', '1']]);
      const answer = await store.update(record.id, { fields, expect }, record.createdAt);
      const after = { ...record, version: record.version + 1, fields: new Map([...record.fields, ...fields]) };
      return { answer, after };
    },
    done: 'ok',
    refused: 'conflict',
  },
  {
    does: 'rotation',
    run: async (store, record, expect) => {
      const rotate = newRotation(record);
      const answer = await store.update(record.id, { rotate, expect }, record.createdAt);
      return { answer, after: { ...record, ...rotate, version: record.version + 1 } };
    },
    done: 'ok',
    refused: 'conflict',
  },
  {
    does: 'touch',
    run: async (store, record, expect) => {
      const expiresAt = record.expiresAt + MINUTE;
      const answer = await store.touch(record.id, expiresAt, record.createdAt, expect);
      return { answer, after: { ...record, expiresAt } };
    },
    done: 'ok',
    refused: 'conflict',
  },
  {
    does: 'delete',
    run: async (store, record, expect) => ({ answer: await store.delete(record.id, expect), after: undefined }),
    done: true,
    refused: false,
  },
];

function testsOf({ does, done, refused, run }: Write): Theme['tests'] {
  const tests: Record<string, (store: SessionStore) => Promise<void>> = {};
  for (const { expect, given, of } of HOLDING) {
    tests[`${does} that expects ${of} happens`] = async (store) => {
      const record = await newStored(store, { ...RECORD, ...given });
      const { after, answer } = await run(store, record, expect(record));
      assert.equal(answer, done);
      await (after ? assertStored(store, after) : assertAbsent(store, record.id, record.createdAt));
    };
  }
  for (const { expect, given, of } of FAILING) {
    tests[`I13 ${does} that wrongly expects ${of} is refused and changes nothing`] = async (store) => {
      const record = await newStored(store, { ...RECORD, ...given });
      const { answer } = await run(store, record, expect(record));
      assert.equal(answer, refused);
      await assertStored(store, record);
    };
  }
  return tests;
}

/** What every write may expect of the record. */
export const expecting: readonly Theme[] = [
  ...WRITES.map((write) => ({ title: `expectations of ${write.does}`, tests: testsOf(write) })),
  {
    title: 'expectations, many at once',
    needs: ['atomicUpdate'],
    tests: {
      'B-29 50 increments by compare-and-set, tried again when refused, end at 50': async (store) => {
        const { createdAt: now, id } = await newStored(store);
        await atOnce(50, async () => {
          for (;;) {
            const text = (await store.read(id, now))?.fields.get('count') ?? null;
            const fields = new Map([['count', String(Number(text ?? 0) + 1)]]);
            const result = await store.update(id, { fields, expect: { fields: new Map([['count', text]]) } }, now);
            if (result === 'ok') return;
            assert.equal(result, 'conflict');
            // Apart from each other, or slow engines would have 1,275 attempts to make.
            await pause(Math.random() * 20);
          }
        });
        const found = await store.read(id, now);
        assert.equal(found?.fields.get('count'), '50');
        assert.equal(found.version, 50);
      },

      'I7 of 20 updates that expect the same version exactly one happens': async (store) => {
        const record = await newStored(store, { version: 2 });
        const results = await atOnce(20, (index) => {
          const fields = new Map([['winner', String(index)]]);
          return store.update(record.id, { fields, expect: { version: 2 } }, record.createdAt);
        });
        assert.equal(countOf(results, 'ok'), 1);
        assert.equal(countOf(results, 'conflict'), 19);
        const fields = new Map([['winner', String(results.indexOf('ok'))]]);
        await assertStored(store, { ...record, version: 3, fields });
      },

      'I7 of 20 updates that expect a field to be absent exactly one sets it': async (store) => {
        const record = await newStored(store);
        const results = await atOnce(20, (index) => {
          const fields = new Map([['first', String(index)]]);
          return store.update(record.id, { fields, expect: texts({ first: null }) }, record.createdAt);
        });
        assert.equal(countOf(results, 'ok'), 1);
        const fields = new Map([['first', String(results.indexOf('ok'))]]);
        await assertStored(store, { ...record, version: 1, fields });
      },
    },
  },
];
