import fs, { chmod, mkdir, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type FileLab, openFileLab } from '../../../../../scripts/file.js';
import { SessionConfigError } from '../../core/errors.js';
import { newId, newRecord, newStored } from '../../testing/contract/theme.js';
import { FileSessionStore } from './index.js';

const NOBODY = 65_534;
const isRoot = process.geteuid?.() === 0;

let lab: FileLab;
beforeAll(async () => {
  lab = await openFileLab();
});
afterAll(() => lab.close());
afterEach(() => {
  jest.restoreAllMocks();
});

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
