import fs, { readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type FileLab, openFileLab } from '../../../../../scripts/file.js';
import { holdAt } from '../../../../../scripts/file.steps.js';
import { HOUR, newRecord, newRotation, newStored } from '../../testing/contract/theme.js';
import { FileSessionStore } from './index.js';

let lab: FileLab;
beforeAll(async () => {
  lab = await openFileLab();
});
afterAll(() => lab.close());

const now = Date.now();

function given(): { directory: string; store: FileSessionStore } {
  const directory = lab.directory();
  return { directory, store: new FileSessionStore({ directory, fsync: 'none' }) };
}

async function below(directory: string, depth: number): Promise<string[]> {
  const names = await readdir(directory, { recursive: true });
  return names.filter((name) => name.split('/').length === depth);
}

describe('a sweep', () => {
  it('B-49 of many sessions goes on where the last batch was full, and comes round', async () => {
    const { store } = given();
    for (let index = 0; index < 40; index++)
      await newStored(store, { createdAt: now, expiresAt: now + (index % 2) + 1 });
    const batches = [];
    for (let batch = 0; batch < 6; batch++) batches.push(await store.sweep(now + 1, 5));
    expect(batches).toEqual([5, 5, 5, 5, 0, 0]);
    expect(await store.sweep(now + 2, 100)).toBe(20);
  });

  it('B-49 removes no record under way, and no draft, but what has been left over for a while', async () => {
    const { directory, store } = given();
    const record = await newStored(store, { createdAt: now });
    const half = { fields: new Map([['a', '1']]), expect: {} };
    // Processes that die: the last of them before the rename that would have made it so.
    type Write = (store: FileSessionStore) => Promise<unknown>;
    const writes: readonly Write[] = [
      (store) => store.update(record.id, half, now),
      (store) => store.create(newRecord({ createdAt: now - 10 * HOUR })),
    ];
    for (const write of writes) {
      for (const step of ['mkdir', 'writeFile', 'rename']) {
        const process = new FileSessionStore({ directory, fsync: 'none' });
        await process.epoch('nobody'); // it has looked at its directory
        if (step === 'mkdir' && write === writes[0]) continue; // an update makes no directory
        expect(await holdAt(step, () => write(process)).reached).toBe(true);
      }
    }
    const files = async () => (await below(join(directory, 'sessions'), 4)).length;
    const left = await files();
    expect(left).toBeGreaterThan(2);
    await store.sweep(now, 10);
    expect(await files()).toBe(left);
    const past = new Date(Date.now() - HOUR);
    for (const name of await readdir(directory, { recursive: true })) await utimes(join(directory, name), past, past);
    await store.sweep(now, 10);
    expect(await files()).toBe(2);
    expect(await readdir(join(directory, 'quarantine'))).toEqual([]);
    expect(await store.read(record.id, now)).toEqual(record);
  });

  it('removes index entries at the absolute end that they name, epochs after an hour, and empty folders', async () => {
    const { directory, store } = given();
    const users = join(directory, 'users');
    const record = await newStored(store, { createdAt: now, userId: 'ada' });
    const rotate = newRotation(record, { userId: 'ada', absoluteExpiresAt: record.absoluteExpiresAt + HOUR });
    await store.update(record.id, { rotate, expect: {} }, now);
    await store.raiseEpoch('ada', now);
    await store.raiseEpoch('bob', now);
    expect(await below(users, 4)).toHaveLength(4);

    await store.sweep(now + HOUR - 1, 10); // the session ends: its own entry goes, the one of its first life stays
    expect((await below(users, 4)).map((name) => name.split('/')[3]!.replace(/^\w{64}/, 'hash'))).toEqual(
      expect.arrayContaining([`epoch-${now}`, `epoch-${now}`, `hash-${record.absoluteExpiresAt}`]),
    );
    expect(await store.epoch('bob')).toBe(now);
    await store.sweep(now + HOUR, 10);
    expect(await store.epoch('bob')).toBe(0);
    expect(await below(users, 3)).toHaveLength(1);
    await store.sweep(record.absoluteExpiresAt - 1, 10);
    expect(await below(users, 4)).toHaveLength(1);
    await store.sweep(record.absoluteExpiresAt, 10);
    expect(await below(users, 3)).toEqual([]);
  });

  it('a deleted session takes its index entry with it', async () => {
    const { directory, store } = given();
    const record = await newStored(store, { createdAt: now, userId: 'ada' });
    expect(await below(join(directory, 'users'), 4)).toHaveLength(1);
    await store.delete(record.id);
    expect(await below(join(directory, 'users'), 4)).toEqual([]);
  });

  it('a user whose folder a sweep removes while a session is added has that session', async () => {
    const { directory, store } = given();
    const other = new FileSessionStore({ directory, fsync: 'none' });
    await other.epoch('nobody');
    for (let step = 0, held = true; held; step++) {
      const userId = `user ${step}`;
      await store.raiseEpoch(userId, 1);
      const record = newRecord({ createdAt: now, userId });
      const { reached, result, resume } = holdAt(step, () => other.create(record));
      held = await reached;
      await store.sweep(now, 10);
      resume();
      expect(await result).toBe(true);
      expect(await store.listByUser(userId, now)).toEqual([record]);
    }
  });

  it('removes nothing of a session whose head its listing has missed, as POSIX allows', async () => {
    const { store } = given();
    const record = await newStored(store, { createdAt: now });
    const { readdir: list } = fs;
    let missed = 0;
    const missing = jest.spyOn(fs, 'readdir').mockImplementation((async (path: string) => {
      const names = await list(path);
      return names.filter((name) => !name.endsWith('.head') || missed++ % 2 > 0);
    }) as never);
    await store.sweep(now, 10);
    expect(missed).toBe(1);
    missed = 0;
    expect(await store.read(record.id, now)).toEqual(record);
    expect(missed).toBe(2);
    missing.mockRestore();
    expect(await store.read(record.id, now)).toEqual(record);
  });

  it('leaves alone what is not the store’s', async () => {
    const { directory, store } = given();
    await newStored(store, { createdAt: now });
    const [shard] = await readdir(join(directory, 'sessions'));
    const strangers = ['notes.txt', 'sessions/.DS_Store', 'users/.DS_Store', `sessions/${shard}/.DS_Store`];
    for (const name of strangers) await writeFile(join(directory, name), '');
    expect(await store.sweep(now + 10 * HOUR, 10)).toBe(1);
    const names = await readdir(directory, { recursive: true });
    expect(names).toEqual(expect.arrayContaining(strangers));
  });

  it('never blocks the loop: it gives way at every file', async () => {
    const { store } = given();
    for (let index = 0; index < 200; index++) await newStored(store, { createdAt: now });
    let turns = 0;
    let over = false;
    const count = () => {
      turns++;
      if (!over) setImmediate(count);
    };
    count();
    await store.sweep(now, 1_000);
    over = true;
    expect(turns).toBeGreaterThan(200);
  });
});
