import fs from 'node:fs/promises';
import { extname } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type FileLab, openFileLab } from '../../../../../scripts/file.js';
import { HOUR, newRecord, newStored } from '../../testing/contract/theme.js';
import { FileSessionStore, type FsyncLevel } from './index.js';

let lab: FileLab;
beforeAll(async () => {
  lab = await openFileLab();
});
afterAll(() => lab.close());

/** What changes the directory, and what sees to it that a change is on the disk, in order. */
let log: string[] = [];

function what(path: unknown): string {
  return extname(String(path)).slice(1) || 'folder';
}

beforeEach(() => {
  log = [];
  const { open, rename, rmdir, unlink, writeFile } = fs;
  jest.spyOn(fs, 'writeFile').mockImplementation(async (path, text, options) => {
    await writeFile(path, text, options);
    log.push(`write ${what(path)}`);
    if ((options as { flush?: boolean }).flush) log.push(`sync ${what(path)}`);
  });
  jest.spyOn(fs, 'rename').mockImplementation(async (from, to) => {
    await rename(from, to);
    log.push(`rename ${what(from)}`);
  });
  for (const [name, real] of Object.entries({ unlink, rmdir })) {
    jest.spyOn(fs, name as 'unlink').mockImplementation(async (path) => {
      await real(path);
      log.push(`${name} ${what(path)}`);
    });
  }
  jest.spyOn(fs, 'open').mockImplementation(async (path, flags, mode) => {
    const handle = await open(path, flags, mode);
    const sync = handle.sync.bind(handle);
    handle.sync = async () => {
      await sync();
      log.push(`sync ${what(path)}`);
    };
    return handle;
  });
});
afterEach(() => {
  jest.restoreAllMocks();
});

const WRITTEN = ['write record', 'sync record'];
const LOGS: Readonly<Record<FsyncLevel, Readonly<Record<string, readonly string[]>>>> = {
  full: {
    create: ['write head', ...WRITTEN, 'sync folder', 'rename folder', 'sync folder'],
    update: [...WRITTEN, 'sync folder', 'rename head', 'sync folder', 'unlink record'],
    touch: ['rename head'],
    delete: ['unlink head', 'sync folder', 'unlink record', 'rmdir folder'],
    raiseEpoch: ['write folder', 'sync folder', 'sync folder'],
  },
  data: {
    create: ['write head', ...WRITTEN, 'rename folder'],
    update: [...WRITTEN, 'rename head', 'unlink record'],
    touch: ['rename head'],
    delete: ['unlink head', 'unlink record', 'rmdir folder'],
    raiseEpoch: ['write folder'],
  },
  none: {
    create: ['write head', 'write record', 'rename folder'],
    update: ['write record', 'rename head', 'unlink record'],
    touch: ['rename head'],
    delete: ['unlink head', 'unlink record', 'rmdir folder'],
    raiseEpoch: ['write folder'],
  },
};

describe.each(Object.keys(LOGS) as FsyncLevel[])("fsync '%s': what is on the disk, and when", (fsync) => {
  it.each(Object.entries(LOGS[fsync]))('%s: %j', async (verb, expected) => {
    const store = new FileSessionStore({ directory: lab.directory(), fsync });
    const record = await newStored(store);
    const { createdAt: now, expiresAt, id } = record;
    await store.raiseEpoch('ada', 1);
    const next = newRecord();
    await store.create(next); // the directories that lead to it are there now
    await store.delete(next.id);
    log = [];
    if (verb === 'create') await store.create(next);
    if (verb === 'update') await store.update(id, { fields: new Map([['a', '1']]), expect: {} }, now);
    if (verb === 'touch') await store.touch(id, expiresAt + HOUR, now, {});
    if (verb === 'delete') await store.delete(id);
    if (verb === 'raiseEpoch') await store.raiseEpoch('ada', 2);
    expect(log).toEqual(expected);
  });

  it('a login: the index first, then the record', async () => {
    const store = new FileSessionStore({ directory: lab.directory(), fsync });
    const record = newRecord({ userId: 'ada' });
    await store.ping();
    log = [];
    await store.create(record);
    const names = log.filter((line) => line.startsWith('write') || line.startsWith('rename'));
    expect(names).toEqual(['write folder', 'write head', 'write record', 'rename folder']);
    const synced = log.slice(0, log.indexOf('write head')).filter((line) => line === 'sync folder');
    // The entry's folder, and each one that leads to it.
    expect(synced).toHaveLength(fsync === 'full' ? 6 : 0);
  });
});
