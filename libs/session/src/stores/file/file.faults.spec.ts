import fs, { chmod, mkdir, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { canMount, type FileLab, type FileProcess, openFileLab } from '../../../../../scripts/file.js';
import { SessionConfigError, SessionStoreFullError } from '../../core/errors.js';
import type { SessionRecord } from '../../core/record.js';
import { HOUR, newId, newRecord, newStored } from '../../testing/contract/theme.js';
import { FileSessionStore } from './index.js';

const TIME_LIMIT = 60_000;
const NOBODY = 65_534;
const isRoot = process.geteuid?.() === 0;

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

describe('names and modes', () => {
  it('C-21 no id becomes a path: whatever arrives, a hash is the name', async () => {
    const directory = lab.directory();
    const store = new FileSessionStore({ directory });
    const ids = ['../x', '/etc/passwd', 'a\\b', '.', '..', '', 'nul\0', 'CON', 'é', '🍵', 'x'.repeat(4_096), newId()];
    for (const id of ids) {
      const record = newRecord({ id });
      expect(await store.create(record)).toBe(true);
      expect(await store.read(id, record.createdAt)).toEqual(record);
    }
    const names = await readdir(join(directory, 'sessions'), { recursive: true });
    for (const name of names.map((path) => basename(path))) {
      expect(name).toMatch(/^([0-9a-f]{1,2}|[0-9a-f]{64}|\d+-0-[0-9a-f]{32}\.head|[0-9a-f]{32}\.record)$/);
    }
    expect(names.filter((name) => name.endsWith('.record'))).toHaveLength(ids.length);
  });

  it('C-21 I14 ids that differ in case alone differ in more than case on the disk', async () => {
    const directory = lab.directory();
    const store = new FileSessionStore({ directory });
    for (const id of ['ABC', 'abc']) await newStored(store, { id });
    const names = await readdir(join(directory, 'sessions'), { recursive: true });
    expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(names.length);
  });

  it.each([0o000, 0o022, 0o077])('C-21 nobody else has access, under umask %o', async (mask) => {
    const { call, directory } = await lab.start();
    const record = newRecord({ userId: 'ada' });
    await call('umask', mask);
    expect(await call('create', record)).toBe(true);
    await call('update', record.id, { fields: new Map([['a', '1']]), expect: {} }, record.createdAt);
    await call('raiseEpoch', 'ada', 1);
    const entries = await readdir(directory, { recursive: true, withFileTypes: true });
    expect(entries.length).toBeGreaterThan(12);
    for (const entry of entries) {
      const { mode } = await stat(join(entry.parentPath, entry.name));
      expect((mode & 0o777).toString(8)).toBe(entry.isDirectory() ? '700' : '600');
    }
  });
});

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
        expect(error).toMatchObject({ name: 'SessionStoreFullError', message: expect.stringContaining('ENOSPC') });
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
      await expect(store.create(newRecord())).rejects.toThrow(`is full (${code}): free some space or raise the quota`);
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

describe('at start-up', () => {
  it.each([
    [undefined, 'directory must be a path, as in new FileSessionStore({ directory: '],
    [{}, "'/var/lib/shop/sessions' }), not undefined."],
    [{ directory: '' }, 'not empty.'],
    [{ directory: 7 }, 'not 7.'],
    [{ directory: 'x', fsync: true }, "fsync must be 'full', 'data' or 'none', not true."],
  ])('the options %j are refused', (options, message) => {
    const make = () => new FileSessionStore(options as unknown as { directory: string });
    expect(make).toThrow(SessionConfigError);
    expect(make).toThrow(message);
  });

  it('the directory is made, for us alone, and found again', async () => {
    const directory = join(lab.directory(), 'sessions of the shop');
    const record = await newStored(new FileSessionStore({ directory }));
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
    expect((await readdir(directory)).sort()).toEqual(['quarantine', 'sessions', 'users']);
    const next = new FileSessionStore({ directory });
    await next.ping();
    expect(await next.read(record.id, record.createdAt)).toEqual(record);
  });

  const UNFIT: Readonly<Record<string, [(directory: string) => Promise<unknown>, string]>> = {
    'is under one that does not exist': [
      (directory) => rm(join(directory, '..'), { recursive: true }),
      'does not exist. Create it',
    ],
    'is under a file': [
      async (directory) => {
        await rm(join(directory, '..'), { recursive: true });
        await writeFile(join(directory, '..'), '');
      },
      'is not a directory.',
    ],
    'is a file': [(directory) => writeFile(directory, ''), 'it is not a directory.'],
    'is a link': [(directory) => symlink('/', directory), 'it is a symbolic link. Give the path that it leads to.'],
    'is open to the group': [
      async (directory) => {
        await mkdir(directory);
        await chmod(directory, 0o750);
      },
      'others may use it (mode 750). Give a directory inside, or run: chmod 700 ',
    ],
    'has a link where a directory should be': [
      async (directory) => {
        await mkdir(directory, { mode: 0o700 });
        await symlink('/', join(directory, 'quarantine'));
      },
      'is a symbolic link, which FileSessionStore does not follow',
    ],
  };

  it.each(Object.keys(UNFIT))('F22 a directory that %s is refused, with what mends it', async (how) => {
    const [make, message] = UNFIT[how]!;
    const directory = join(lab.directory(), 'sessions');
    await make(directory);
    const store = new FileSessionStore({ directory });
    await expect(store.ping()).rejects.toThrow(SessionConfigError);
    await expect(store.ping()).rejects.toThrow(message);
    await expect(store.read(newId(), 0)).rejects.toThrow(message);
  });

  it('F22 a directory of somebody else is refused', async () => {
    // Root's directory and a process of nobody; or, not being root, this process and root's.
    const directory = isRoot ? lab.directory() : '/';
    const { call } = await lab.start({ directory, uid: isRoot ? NOBODY : undefined });
    await expect(call('ping')).rejects.toMatchObject({
      name: 'SessionConfigError',
      message: expect.stringContaining('it belongs to user 0, and this process is user'),
    });
  });

  it('F22 a directory where this process may not make one is refused', async () => {
    const above = isRoot ? lab.directory() : '/';
    const { call } = await lab.start({ directory: join(above, 'x'), uid: isRoot ? NOBODY : undefined });
    await expect(call('ping')).rejects.toMatchObject({
      name: 'SessionConfigError',
      message: expect.stringMatching(/this process \(user \d+\) may not write there\. Change the owner of/),
    });
  });

  it.each([
    ['a network file system', () => jest.spyOn(fs, 'statfs').mockResolvedValue({ type: 0x6969 } as never), 'network'],
    ['one whose renames replace', () => jest.spyOn(fs, 'rename').mockResolvedValue(), 'does not refuse what it should'],
  ])('a directory on %s is refused', async (_, mock, message) => {
    mock();
    const store = new FileSessionStore({ directory: lab.directory() });
    await expect(store.ping()).rejects.toThrow(SessionConfigError);
    await expect(store.ping()).rejects.toThrow(message);
  });

  it('what was wrong and has been mended works without a restart', async () => {
    const directory = lab.directory();
    await chmod(directory, 0o755);
    const store = new FileSessionStore({ directory });
    await expect(store.ping()).rejects.toThrow(SessionConfigError);
    await expect(store.read(newId(), 0)).rejects.toThrow('chmod 700');
    await chmod(directory, 0o700);
    expect(await store.read(newId(), 0)).toBeUndefined();
  });
});
