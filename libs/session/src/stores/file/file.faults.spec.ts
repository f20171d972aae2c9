import fs, { readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { canMount, type FileLab, type FileProcess, openFileLab } from '../../../../../scripts/file.js';
import { SessionStoreFullError } from '../../core/errors.js';
import type { SessionRecord } from '../../core/record.js';
import { HOUR, newRecord, newStored } from '../../testing/contract/theme.js';
import { FileSessionStore } from './index.js';

const TIME_LIMIT = 60_000;

let lab: FileLab;
beforeAll(async () => {
  lab = await openFileLab();
});
afterAll(() => lab.close(), TIME_LIMIT);
afterEach(() => {
  jest.restoreAllMocks();
});

function failing(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: made up`), { code });
}

async function filesOf(directory: string): Promise<Map<string, string>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return new Map(await Promise.all(paths.map(async (path) => [path, await readFile(path, 'utf8')] as const)));
}

describe('a full file system', () => {
  const FIELDS = new Map([['text', 'x'.repeat(6_000)]]);

  async function fill(process: FileProcess): Promise<SessionRecord[]> {
    const kept: SessionRecord[] = [];
    for (;;) {
      const record = newRecord({ fields: FIELDS });
      try {
        await process.call('create', record);
        kept.push(record);
      } catch (error) {
        expect(error).toMatchObject({
          name: 'SessionStoreFullError',
          cause: { message: expect.stringContaining('ENOSPC') },
        });
        return kept;
      }
    }
  }

  // Where no file system can be mounted, the one that is made up below has to do.
  if (canMount()) {
    it(
      'F22 refuses what is new, keeps what is there to the byte, and lets sessions end',
      async () => {
        const process = await lab.start({ bytes: 65_536 });
        const kept = await fill(process);
        expect(kept.length).toBeGreaterThan(3);
        const [one, two] = kept as [SessionRecord, SessionRecord];
        const { createdAt: now, id } = one;
        for (let attempt = 0; attempt < 20; attempt++) {
          const fields = new Map([['more', 'y'.repeat(6_000)]]);
          await expect(process.call('update', id, { fields, expect: {} }, now)).rejects.toMatchObject({
            name: 'SessionStoreFullError',
          });
        }
        for (const record of kept) expect(await process.call('read', record.id, now)).toEqual(record);
        const end = one.expiresAt + HOUR;
        expect(await process.call('touch', id, end, now, {})).toBe('ok');
        expect(await process.call('delete', two.id)).toBe(true);
        expect(await process.call('read', two.id, now)).toBeUndefined();
        // And there is room again, for as much as there was.
        expect(await process.call('create', newRecord({ fields: FIELDS }))).toBe(true);
        expect(await process.call('read', id, now)).toEqual({ ...one, expiresAt: end });
        expect(await process.call('sweep', now + 10 * HOUR, 1_000)).toBe(kept.length);
      },
      TIME_LIMIT,
    );

    it(
      'F22 mounted read-only meanwhile: reads go on, and nothing else does',
      async () => {
        const process = await lab.start({ bytes: 65_536 });
        const record = newRecord();
        await process.call('create', record);
        expect(await process.call('remount', 'ro')).toBe(0);
        const { createdAt: now, id } = record;
        expect(await process.call('read', id, now)).toEqual(record);
        const writes: readonly (readonly [string, ...unknown[]])[] = [
          ['update', id, { expect: {} }, now],
          ['touch', id, record.expiresAt + 1, now, {}],
          ['delete', id],
          ['create', newRecord()],
        ];
        for (const [verb, ...args] of writes) {
          await expect(process.call(verb, ...args)).rejects.toMatchObject({ code: 'EROFS' });
        }
        await expect(process.call('ping')).rejects.toMatchObject({
          name: 'SessionConfigError',
          message: expect.stringContaining('mounted read-only. Mount it read-write'),
        });
        expect(await process.call('read', id, now)).toEqual(record);
        expect(await process.call('remount', 'rw')).toBe(0);
        expect(await process.call('delete', id)).toBe(true);
      },
      TIME_LIMIT,
    );
  }

  it.each(['ENOSPC', 'EDQUOT'])(
    'F22 %s, half-way through a file: old record intact, nothing left behind',
    async (code) => {
      const directory = lab.directory();
      const store = new FileSessionStore({ directory });
      const record = await newStored(store);
      const before = await filesOf(directory);
      const { writeFile: write } = fs;
      jest.spyOn(fs, 'writeFile').mockImplementation(async (path, text, options) => {
        await write(path, String(text).slice(0, 20), options);
        throw failing(code);
      });
      const { createdAt: now, expiresAt, id } = record;
      await expect(store.update(id, { fields: FIELDS, expect: {} }, now)).rejects.toThrow(SessionStoreFullError);
      const told = `is full (${code}): free some space or raise the quota`;
      await expect(store.create(newRecord())).rejects.toMatchObject({
        cause: { message: expect.stringContaining(told) },
      });
      await expect(store.raiseEpoch('ada', now)).rejects.toThrow(SessionStoreFullError);
      const after = await filesOf(directory);
      for (const path of after.keys()) if (basename(path).startsWith('epoch')) after.delete(path);
      expect(after).toEqual(before);
      expect(await store.touch(id, expiresAt + 1, now, {})).toBe('ok');
      expect(await store.delete(id)).toBe(true);
    },
  );
});

describe('other failures', () => {
  it.each(['EIO', 'EMFILE'])('F22 %s is the error that it is, and nothing is lost', async (code) => {
    const directory = lab.directory();
    const store = new FileSessionStore({ directory });
    const record = await newStored(store, { userId: 'ada' });
    const { createdAt: now, id } = record;
    const before = await filesOf(directory);
    for (const name of ['readdir', 'lstat', 'open', 'writeFile', 'rename'] as const) {
      jest.spyOn(fs, name).mockRejectedValue(failing(code) as never);
      await expect(store.update(id, { expect: {} }, now)).rejects.toMatchObject({ code });
      if (!['writeFile', 'rename'].includes(name)) {
        await expect(store.read(id, now)).rejects.toMatchObject({ code });
        await expect(store.delete(id)).rejects.toMatchObject({ code });
        await expect(store.listByUser('ada', now)).rejects.toMatchObject({ code });
      }
      jest.restoreAllMocks();
    }
    for (const [path, text] of before) expect(await readFile(path, 'utf8')).toBe(text);
    expect(await store.read(id, now)).toEqual(record);
  });

  it(
    'F22 out of open files: fails while there are none, and works again',
    async () => {
      const { call } = await lab.start({ openFiles: 40 });
      const record = newRecord();
      await call('create', record);
      const reads = await call<string[]>('exhaust', record.id, 200);
      expect(new Set(reads)).toEqual(new Set(['EMFILE']));
      expect(await call('read', record.id, record.createdAt)).toEqual(record);
    },
    TIME_LIMIT,
  );

  it('F22 the directory is gone, a disk unmounted say: fails, and takes nobody for logged out', async () => {
    const directory = lab.directory();
    const store = new FileSessionStore({ directory });
    const record = await newStored(store);
    const { createdAt: now, id } = record;
    await rename(join(directory, 'sessions'), join(directory, 'aside'));
    const gone = { code: 'ENOENT' };
    await expect(store.read(id, now)).rejects.toMatchObject(gone);
    await expect(store.update(id, { expect: {} }, now)).rejects.toMatchObject(gone);
    await expect(store.delete(id)).rejects.toMatchObject(gone);
    await expect(store.create(newRecord())).rejects.toMatchObject(gone);
    await expect(store.sweep(now, 10)).rejects.toMatchObject(gone);
    await rename(join(directory, 'aside'), join(directory, 'sessions'));
    expect(await store.read(id, now)).toEqual(record);
  });

  it('F22 somebody has emptied the directory: all are logged out, and can log in again', async () => {
    const directory = lab.directory();
    const store = new FileSessionStore({ directory });
    const record = await newStored(store, { userId: 'ada' });
    for (const kind of ['sessions', 'users']) {
      for (const name of await readdir(join(directory, kind)))
        await rm(join(directory, kind, name), { recursive: true });
    }
    expect(await store.read(record.id, record.createdAt)).toBeUndefined();
    expect(await store.create(record)).toBe(true);
    expect(await store.listByUser('ada', record.createdAt)).toEqual([record]);
  });
});
