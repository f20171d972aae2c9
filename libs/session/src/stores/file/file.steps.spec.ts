import { readdir, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type FileLab, openFileLab } from '../../../../../scripts/file.js';
import { holdAt, type Steps } from '../../../../../scripts/file.steps.js';
import type { SessionRecord } from '../../core/record.js';
import { HOUR, newRecord, newRotation, newUser } from '../../testing/contract/theme.js';
import { FileSessionStore } from './index.js';

/** More steps than any write takes. */
const MANY = 60;

let lab: FileLab;
beforeAll(async () => {
  lab = await openFileLab();
});
afterAll(() => lab.close());

interface Given {
  readonly directory: string;
  /** Two processes: what they know of each other is what is in the directory. */
  readonly victim: FileSessionStore;
  readonly rival: FileSessionStore;
  record: SessionRecord;
}

type Write = (store: FileSessionStore, record: SessionRecord) => Promise<unknown>;

const now = Date.now();
const later = now + 2 * HOUR;
const change = (name: string, text = '1') => ({ fields: new Map([[name, text]]), expect: {} });
const victimOf = ({ id }: SessionRecord) => `victim ${id}`;

const WRITES: Readonly<Record<string, Write>> = {
  update: (store, { id }) => store.update(id, change('victim'), now),
  touch: (store, { id }) => store.touch(id, later, now, {}),
  login: (store, record) => {
    const rotate = newRotation(record, { userId: victimOf(record), absoluteExpiresAt: now + 24 * HOUR });
    return store.update(record.id, { rotate, expect: { generation: record.generation } }, now);
  },
};

async function given(): Promise<Given> {
  const directory = lab.directory();
  const [victim, rival] = [new FileSessionStore({ directory }), new FileSessionStore({ directory })];
  for (const store of [victim, rival]) expect(await store.epoch('nobody')).toBe(0); // it has looked at its directory
  return { directory, victim, rival, record: newRecord() };
}

/** For each step of the write: a record, and the victim about to take that step. */
async function eachStep(
  write: Write,
  rival: (given: Given) => Promise<unknown>,
  judge: (given: Given, outcome: { mine: unknown; rivals: unknown }) => Promise<unknown>,
  { create = true, fresh = false, prepare = undefined as ((given: Given) => Promise<void>) | undefined } = {},
): Promise<void> {
  let situation = await given();
  for (let step = 0; step < MANY; step++) {
    if (fresh) situation = await given();
    const record = newRecord({ createdAt: now, fields: new Map([['n', '0']]), userId: newUser() });
    situation.record = record;
    if (create) await situation.rival.create(record);
    await prepare?.(situation);
    const { reached, result, resume } = holdAt(step, () => write(situation.victim, record));
    const held = await reached;
    const rivals = await rival(situation);
    resume();
    await judge(situation, { mine: await result, rivals });
    if (!held) return expect(step).toBeGreaterThan(3);
  }
  throw new Error('The write did not come to its end.');
}

/** The files of sessions: of the one, or all there are. */
async function files({ directory }: Given): Promise<string[]> {
  const names = await readdir(join(directory, 'sessions'), { recursive: true });
  return names.filter((name) => name.split('/').length > 3);
}

/** As if nothing had happened in the directory for an hour. */
async function age({ directory }: Given): Promise<void> {
  const past = new Date(Date.now() - HOUR);
  const names = await readdir(directory, { recursive: true });
  await Promise.all(names.map((name) => utimes(join(directory, name), past, past)));
}

async function ageAndSweep(situation: Given): Promise<void> {
  await age(situation);
  await situation.rival.sweep(now, 1_000);
}

describe('a writer that is paused between any two steps', () => {
  it.each(Object.keys(WRITES))('C-1 C-2 I2 %s: cannot undo a delete', async (name) => {
    await eachStep(
      WRITES[name]!,
      async ({ record, rival }) => {
        expect(await rival.delete(record.id)).toBe(true);
        expect(await rival.read(record.id, now)).toBeUndefined();
      },
      async (situation, { mine }) => {
        expect(mine).toMatch(/ok|gone/);
        const { record, rival, victim } = situation;
        for (const store of [rival, victim]) expect(await store.read(record.id, now)).toBeUndefined();
        expect(await files(situation)).toEqual([]);
      },
    );
  });

  it.each(Object.keys(WRITES))('I2 %s: cannot undo a delete after which everything was swept', async (name) => {
    await eachStep(
      WRITES[name]!,
      async (situation) => {
        expect(await situation.rival.delete(situation.record.id)).toBe(true);
        await ageAndSweep(situation);
      },
      async ({ record, rival }) => expect(await rival.read(record.id, now)).toBeUndefined(),
    );
  });

  it.each(Object.keys(WRITES))('I6 %s: undoes no update of another field, and is not undone by it', async (name) => {
    await eachStep(
      WRITES[name]!,
      ({ record, rival }) => rival.update(record.id, change('rival'), now),
      async ({ record, rival }, { mine, rivals }) => {
        expect([mine, rivals]).toEqual(['ok', 'ok']);
        const found = await rival.read(record.id, now);
        expect(found?.fields.get('rival')).toBe('1');
        expect(found?.fields.get('n')).toBe('0');
        if (name === 'update') expect(found?.fields.get('victim')).toBe('1');
        if (name === 'touch') expect(found?.expiresAt).toBe(later);
        if (name === 'login') expect(found?.userId).toBe(victimOf(record));
      },
    );
  });

  it.each(Object.keys(WRITES))(
    'I12 I13 %s: of it and a rotation, both of one generation, one happens',
    async (name) => {
      const expectation: Write = (store, record) => {
        const expect = { generation: 0 };
        if (name === 'login') return WRITES['login']!(store, record);
        if (name === 'touch') return store.touch(record.id, later, now, expect);
        return store.update(record.id, { fields: new Map([['victim', '1']]), expect }, now);
      };
      await eachStep(
        expectation,
        ({ record, rival }) => rival.update(record.id, { rotate: newRotation(record), expect: { generation: 0 } }, now),
        async ({ record, rival }, { mine, rivals }) => {
          const found = await rival.read(record.id, now);
          expect(found?.generation).toBe(1);
          if (name === 'login') expect([mine, rivals].sort()).toEqual(['conflict', 'ok']);
          else expect(rivals).toBe('ok');
          if (mine === 'conflict') expect(found?.fields.has('victim')).toBe(false);
        },
      );
    },
  );

  it.each(Object.keys(WRITES))('I5 %s: does not shorten a life that a touch has extended', async (name) => {
    await eachStep(
      WRITES[name]!,
      ({ record, rival }) => rival.touch(record.id, later + HOUR, now, {}),
      async ({ record, rival }, { mine, rivals }) => {
        expect(rivals).toBe('ok');
        const found = await rival.read(record.id, now);
        // A rotation assigns its end as it stands.
        if (name !== 'login') expect(found?.expiresAt).toBe(later + HOUR);
        expect(mine).toBe('ok');
      },
    );
  });

  it.each(Object.keys(WRITES))('F20 %s: for so long that its files were swept, damages nothing', async (name) => {
    await eachStep(WRITES[name]!, ageAndSweep, async (situation, { mine }) => {
      expect(mine).toBe('ok');
      const found = await situation.rival.read(situation.record.id, now);
      expect(found?.fields.get('n')).toBe('0');
      if (name === 'update') expect(found?.fields.get('victim')).toBe('1');
    });
  });

  it('C-9 I16 create: of two creators of one id one wins, whole', async () => {
    const fields = new Map([['who', '"rival"']]);
    await eachStep(
      (store, record) => store.create({ ...record, fields: new Map([['who', '"victim"']]) }),
      ({ record, rival }) => rival.create({ ...record, fields }),
      async ({ record, rival }, { mine, rivals }) => {
        expect([mine, rivals].sort()).toEqual([false, true]);
        expect((await rival.read(record.id, now))?.fields.get('who')).toBe(mine ? '"victim"' : '"rival"');
      },
      { create: false },
    );
  });

  it('F20 create: for so long that its draft was swept, stores all or fails', async () => {
    await eachStep(
      (store, record) => store.create(record).catch((error: NodeJS.ErrnoException) => error.code),
      ageAndSweep,
      async ({ record, rival }, { mine }) => {
        const found = await rival.read(record.id, now);
        if (mine === true) expect(found).toEqual(record);
        else expect([mine, found]).toEqual(['ENOENT', undefined]);
      },
      { create: false },
    );
  });

  it('F20 sweep: while it removes a draft, whose creator goes on, that finds all of it or nothing', async () => {
    let creator: Steps;
    await eachStep(
      (store) => store.sweep(now, 1_000),
      async () => {
        creator.resume();
        return creator.result.catch((error: NodeJS.ErrnoException) => error.code);
      },
      async ({ directory, record, rival }, { rivals }) => {
        const found = await rival.read(record.id, now);
        if (rivals === true) expect(found).toEqual(record);
        else expect([rivals, found]).toEqual(['ENOENT', undefined]);
        expect(await readdir(join(directory, 'quarantine'))).toEqual([]);
      },
      {
        fresh: true,
        create: false,
        prepare: async (situation) => {
          situation.record = newRecord({ createdAt: now });
          creator = holdAt('rename', () => situation.rival.create(situation.record));
          expect(await creator.reached).toBe(true);
          await age(situation);
        },
      },
    );
  });

  it('I22 login: is listed when it is there, wherever it was paused', async () => {
    await eachStep(
      WRITES['login']!,
      async (situation) => {
        await ageAndSweep(situation);
        const { record, rival } = situation;
        const there = (await rival.read(record.id, now))?.userId === victimOf(record);
        expect(await rival.listByUser(victimOf(record), now)).toHaveLength(there ? 1 : 0);
      },
      async ({ record, rival }) => expect(await rival.listByUser(victimOf(record), now)).toHaveLength(1),
    );
  });

  it('B-33 delete: of two deletes one says true', async () => {
    await eachStep(
      (store, { id }) => store.delete(id),
      ({ record, rival }) => rival.delete(record.id),
      async (_, { mine, rivals }) => expect([mine, rivals].sort()).toEqual([false, true]),
    );
  });

  it('B-49 sweep: does not remove what was touched meanwhile', async () => {
    await eachStep(
      (store, record) => store.sweep(record.expiresAt, 1_000),
      ({ record, rival }) => rival.touch(record.id, later, record.expiresAt - 1, {}),
      async ({ record, rival }, { mine, rivals }) => {
        const found = await rival.read(record.id, record.expiresAt);
        expect([mine, rivals, found?.expiresAt]).toEqual(rivals === 'ok' ? [0, 'ok', later] : [1, 'gone', undefined]);
      },
      { fresh: true },
    );
  });

  it('a reader sees the state before or the state after', async () => {
    await eachStep(
      (store, { id }) => store.read(id, now),
      async ({ record, rival }) => {
        for (const n of ['1', '2']) await rival.update(record.id, change('n', n), now);
      },
      async (_, { mine }) => expect((mine as SessionRecord | undefined)?.fields.get('n')).toMatch(/^[02]$/),
    );
  });
});

describe('a process that dies between any two steps', () => {
  const nextTo = ({ id }: SessionRecord) => `${id.slice(1)}_`;
  const ALL: Readonly<Record<string, Write>> = {
    ...WRITES,
    create: (store, record) => store.create({ ...record, id: nextTo(record) }),
    delete: (store, { id }) => store.delete(id),
    sweep: (store) => store.sweep(later, 1_000),
  };

  it.each(Object.keys(ALL))(
    'F20 C-32 %s: leaves the state before or the one after, and no more than that',
    async (name) => {
      let situation = await given();
      for (let step = 0; step < MANY; step++) {
        if (name === 'sweep') situation = await given();
        const { rival, victim } = situation;
        const record = newRecord({ createdAt: now, fields: new Map([['n', '0']]), userId: newUser() });
        await rival.create(record);
        const held = await holdAt(step, () => ALL[name]!(victim, record), { torn: true }).reached;

        const found = await rival.read(record.id, now);
        if (!['delete', 'sweep'].includes(name)) expect(found?.fields.get('n')).toBe('0');
        if (found) expect(await rival.update(record.id, change('n'), now)).toBe('ok');
        await ageAndSweep(situation);
        if (found) expect((await rival.read(record.id, now))?.fields.get('n')).toBe('1');
        const created = await rival.read(nextTo(record), now);
        expect(await files(situation)).toHaveLength(2 * [found, created].filter(Boolean).length);

        for (const id of [record.id, nextTo(record)]) await rival.delete(id);
        expect(await files(situation)).toEqual([]);
        if (!held) return expect(step).toBeGreaterThan(3);
      }
      throw new Error('The write did not come to its end.');
    },
  );
});
