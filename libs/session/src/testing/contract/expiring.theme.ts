import assert from 'node:assert/strict';
import type { SessionRecord } from '../../core/record.js';
import type { SessionStore, UpdateResult } from '../../core/store.js';
import {
  assertAbsent,
  assertGone,
  assertStored,
  atOnce,
  DAY,
  HOUR,
  MINUTE,
  newRecord,
  newRotation,
  newStored,
  newUser,
  SECOND,
  type Theme,
} from './theme.js';

/** The writes that only a live record takes, each of which extends its life by an hour. */
const WRITES: Readonly<
  Record<string, (store: SessionStore, record: SessionRecord, now: number) => Promise<UpdateResult>>
> = {
  touch: (store, { expiresAt, id }, now) => store.touch(id, expiresAt + HOUR, now, {}),
  update: (store, { expiresAt, id }, now) => {
    return store.update(id, { fields: new Map([['late', '1']]), expiresAt: expiresAt + HOUR, expect: {} }, now);
  },
  rotation: (store, record, now) => {
    const rotate = newRotation(record, { expiresAt: record.expiresAt + HOUR });
    return store.update(record.id, { rotate, expect: { secretHash: record.secretHash } }, now);
  },
};

function testsOf(does: string, write: (typeof WRITES)[string]): Theme['tests'] {
  return {
    [`B-45 ${does} a millisecond before the end happens`]: async (store) => {
      const record = await newStored(store);
      assert.equal(await write(store, record, record.expiresAt - 1), 'ok');
      const found = await store.read(record.id, record.expiresAt);
      assert.equal(found?.expiresAt, record.expiresAt + HOUR);
    },

    [`B-43 B-45 I3 ${does} at the end is too late, and revives nothing`]: async (store) => {
      const record = await newStored(store);
      assertGone(await write(store, record, record.expiresAt));
      await assertAbsent(store, record.id, record.expiresAt);
    },

    [`B-45 I3 ${does} after the end is too late, and revives nothing`]: async (store) => {
      const record = await newStored(store);
      assertGone(await write(store, record, record.expiresAt + MINUTE));
      await assertAbsent(store, record.id, record.expiresAt + MINUTE);
    },

    [`B-44 ${does} at the absolute end is too late`]: async (store) => {
      const { absoluteExpiresAt } = newRecord();
      const record = await newStored(store, { expiresAt: absoluteExpiresAt, absoluteExpiresAt });
      assertGone(await write(store, record, absoluteExpiresAt));
      await assertAbsent(store, record.id, absoluteExpiresAt);
    },
  };
}

async function touch(store: SessionStore, { createdAt, id }: SessionRecord, expiresAt: number): Promise<void> {
  assert.equal(await store.touch(id, expiresAt, createdAt, {}), 'ok');
}

/** Ends, and `touch`. */
export const expiring: readonly Theme[] = [
  {
    title: 'expiry',
    tests: {
      'B-43 C-33 read finds a record until a millisecond before its end, and not at its end': async (store) => {
        const record = await newStored(store);
        await assertStored(store, record, record.expiresAt - 1);
        await assertAbsent(store, record.id, record.expiresAt);
        await assertAbsent(store, record.id, record.expiresAt + 1);
        await assertAbsent(store, record.id, record.expiresAt + HOUR);
      },

      ...Object.assign({}, ...Object.entries(WRITES).map(([does, write]) => testsOf(does, write))),

      'B-48 ends are exact to the millisecond': async (store) => {
        const createdAt = Date.now();
        for (const odd of [1, 999, 1_001, 59_999]) {
          const record = await newStored(store, { createdAt, expiresAt: createdAt + 10 * MINUTE + odd });
          await assertStored(store, record, record.expiresAt - 1);
          await assertAbsent(store, record.id, record.expiresAt);
        }
      },

      ...Object.fromEntries(
        [29, 30, 31, 90, 399, 400].map((days) => [
          `B-48 C-44 a session of ${days} days ends after ${days} days`,
          async (store: SessionStore) => {
            const createdAt = Date.now();
            const end = createdAt + days * DAY;
            const record = await newStored(store, { createdAt, expiresAt: end, absoluteExpiresAt: end });
            await assertStored(store, record);
            await assertStored(store, record, end - 1);
            await assertAbsent(store, record.id, end);
          },
        ]),
      ),

      'B-48 a session is extended from half an hour to 31 and to 400 days': async (store) => {
        const createdAt = Date.now();
        const record = await newStored(store, { createdAt, absoluteExpiresAt: createdAt + 400 * DAY });
        for (const days of [31, 400]) {
          const expiresAt = createdAt + days * DAY;
          await touch(store, record, expiresAt);
          await assertStored(store, { ...record, expiresAt }, expiresAt - 1);
        }
      },

      'B-48 instants beyond the year 2038 are kept exactly': async (store) => {
        const record = newRecord({ expiresAt: Date.now() + 30 * DAY, absoluteExpiresAt: Date.UTC(2048, 1, 29) + 7 });
        await assertStored(store, await newStored(store, record));
      },
    },
  },
  {
    title: 'touch',
    tests: {
      'extends the life of a record, and leaves everything else alone': async (store) => {
        const createdAt = Date.now();
        const record = await newStored(store, {
          name: 'admin',
          userId: newUser(),
          generation: 2,
          version: 6,
          createdAt,
          authenticatedAt: createdAt + 9,
          fields: new Map([['a', '1']]),
          meta: new Map([['m', '1']]),
        });
        const expiresAt = record.expiresAt + MINUTE;
        await touch(store, record, expiresAt);
        await assertStored(store, { ...record, expiresAt }, expiresAt - 1);
        await assertAbsent(store, record.id, expiresAt);
      },

      'B-46 I5 never shortens a life': async (store) => {
        const record = await newStored(store);
        await touch(store, record, record.expiresAt - 1);
        await touch(store, record, record.createdAt + SECOND);
        await touch(store, record, record.createdAt - HOUR);
        await assertStored(store, record, record.expiresAt - 1);
      },

      'B-46 an older request after a newer one changes nothing': async (store) => {
        const record = await newStored(store);
        await touch(store, record, record.expiresAt + 2 * MINUTE);
        await touch(store, record, record.expiresAt + MINUTE);
        await assertStored(store, { ...record, expiresAt: record.expiresAt + 2 * MINUTE });
      },

      'I4 never passes the absolute end': async (store) => {
        const record = await newStored(store);
        const { absoluteExpiresAt } = record;
        await touch(store, record, absoluteExpiresAt + DAY);
        await assertStored(store, { ...record, expiresAt: absoluteExpiresAt }, absoluteExpiresAt - 1);
        await assertAbsent(store, record.id, absoluteExpiresAt);
      },

      'I8 does not raise the version': async (store) => {
        const record = await newStored(store, { version: 3 });
        for (const minutes of [1, 2, 3]) await touch(store, record, record.expiresAt + minutes * MINUTE);
        assert.equal((await store.read(record.id, record.createdAt))?.version, 3);
      },

      'C-2 I2 after a delete brings nothing back': async (store) => {
        const record = await newStored(store);
        assert.equal(await store.delete(record.id), true);
        assertGone(await store.touch(record.id, record.expiresAt + HOUR, record.createdAt, {}));
        await assertAbsent(store, record.id, record.createdAt);
      },
    },
  },
  {
    title: 'touch, many at once',
    needs: ['atomicUpdate'],
    tests: {
      'I5 of 20 touches the latest end stays': async (store) => {
        const record = await newStored(store);
        // 0, 7, 14, 1, 8 …: neither ascending nor descending.
        const ends = Array.from({ length: 20 }, (_, index) => record.expiresAt + ((index * 7) % 20) * MINUTE);
        await atOnce(ends.length, (index) => touch(store, record, ends[index]!));
        await assertStored(store, { ...record, expiresAt: Math.max(...ends) });
      },
    },
  },
];
