import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type FileLab, openFileLab } from '../../../../../scripts/file.js';
import type { SessionRecord } from '../../core/record.js';
import { newRecord, newStored } from '../../testing/contract/theme.js';
import { FileSessionStore } from './index.js';
import { DamagedRecordError, decodeRecord, encodeRecord } from './record.file.js';

let lab: FileLab;
beforeAll(async () => {
  lab = await openFileLab();
});
afterAll(() => lab.close());

const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
beforeEach(() => {
  warn.mockClear();
});

const RECORD = newRecord({
  userId: 'ada',
  fields: new Map([['cart', '["tea","Grüße"]']]),
  meta: new Map([['m', '1']]),
});

describe('the bytes of a record', () => {
  const bytes = Buffer.from(encodeRecord(RECORD));

  it('I19 come back as what they were', () => {
    const { expiresAt: _expiresAt, ...stored } = RECORD;
    expect(decodeRecord(bytes)).toEqual(stored);
  });

  it('F21 C-32 cut off anywhere are damaged, and never an empty session', () => {
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodeRecord(bytes.subarray(0, length))).toThrow(DamagedRecordError);
    }
    expect(() => decodeRecord(Buffer.concat([bytes, Buffer.from(' ')]))).toThrow(DamagedRecordError);
  });

  it('F21 with any one byte changed are damaged', () => {
    for (let at = 0; at < bytes.length; at++) {
      for (const mask of [1, 0x20, 0x80, 0xff]) {
        const garbled = Buffer.from(bytes);
        garbled[at]! ^= mask;
        expect(() => decodeRecord(garbled)).toThrow(DamagedRecordError);
      }
    }
  });

  it('F21 with a sector of zeros in them are damaged', () => {
    for (let at = 0; at < bytes.length; at += 16) {
      const garbled = Buffer.from(bytes);
      garbled.fill(0, at, Math.min(at + 512, bytes.length));
      expect(() => decodeRecord(garbled)).toThrow(DamagedRecordError);
    }
  });

  it('C-31 hold names and texts that mean something elsewhere', () => {
    const fields = new Map([
      ['__proto__', '{"polluted":true}'],
      ['constructor', '1'],
    ]);
    expect(decodeRecord(Buffer.from(encodeRecord({ ...RECORD, fields }))).fields).toEqual(fields);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});

interface Given {
  readonly directory: string;
  readonly store: FileSessionStore;
  readonly record: SessionRecord;
  /** The file that has the record. */
  readonly file: string;
}

async function given(): Promise<Given> {
  const directory = lab.directory();
  const store = new FileSessionStore({ directory });
  const record = await newStored(store, { fields: new Map([['a', '1']]) });
  return { directory, store, record, file: await fileOf(directory) };
}

async function fileOf(directory: string): Promise<string> {
  const names = await readdir(join(directory, 'sessions'), { recursive: true });
  return join(directory, 'sessions', names.find((name) => name.endsWith('.record')) ?? '');
}

const DAMAGES: Readonly<Record<string, (given: Given) => Promise<unknown>>> = {
  'is empty': ({ file }) => writeFile(file, ''),
  'has lost its end': async ({ file }) => writeFile(file, (await readFile(file)).subarray(0, -1)),
  'is of another format': ({ file }) => writeFile(file, '{}'),
  'is missing': ({ file }) => rm(file),
  'is a link': async ({ file }) => {
    await rename(file, `${file}.aside`);
    await symlink(`${file}.aside`, file);
  },
  'is a directory': async ({ file }) => {
    await rm(file);
    await mkdir(file);
  },
  'is a FIFO': async ({ file }) => {
    await rm(file);
    execFileSync('mkfifo', [file]);
  },
  'is of another session': async ({ file, directory, store }) => {
    await newStored(store);
    const names = await readdir(join(directory, 'sessions'), { recursive: true });
    const other = names
      .map((name) => join(directory, 'sessions', name))
      .find((name) => name.endsWith('.record') && name !== file);
    await writeFile(file, await readFile(other!));
  },
};

describe('a session whose file', () => {
  it.each(Object.keys(DAMAGES))(
    'F21 C-38 %s: reads as absent, is told, and can neither be written nor revived',
    async (how) => {
      const situation = await given();
      const { directory, record, store } = situation;
      await DAMAGES[how]!(situation);
      expect(await store.read(record.id, record.createdAt)).toBeUndefined();
      expect(warn.mock.calls).toEqual([
        [expect.not.stringContaining(record.id), expect.objectContaining({ code: 'NEST_SESSIONS_DAMAGED_FILE' })],
      ]);
      expect(await readdir(join(directory, 'quarantine'))).toHaveLength(how === 'is missing' ? 0 : 1);
      const change = { fields: new Map([['a', '2']]), expect: {} };
      expect(await store.update(record.id, change, record.createdAt)).toBe('gone');
      expect(await store.read(record.id, record.createdAt)).toBeUndefined();
      expect(await store.delete(record.id)).toBe(false);
    },
  );

  it.each(['update', 'touch', 'delete', 'list', 'sweep'])('F21 is damaged: %s takes it as gone', async (verb) => {
    const { file, record, store } = await given();
    await writeFile(file, 'x');
    const { createdAt: now, expiresAt, id } = record;
    if (verb === 'update') expect(await store.update(id, { expect: {} }, now)).toBe('gone');
    if (verb === 'touch') expect(await store.touch(id, expiresAt, now, {})).toBe('gone');
    if (verb === 'delete') expect(await store.delete(id)).toBe(false);
    if (verb === 'sweep') expect(await store.sweep(expiresAt, 10)).toBe(0);
    if (verb === 'list') expect(await store.read(id, now)).toBeUndefined();
    expect(await store.read(id, now)).toBeUndefined();
  });

  it('is damaged: is kept as it was, and so are the last hundred, no more', async () => {
    const { directory, file, record, store } = await given();
    const quarantine = join(directory, 'quarantine');
    for (let index = 0; index < 105; index++) await writeFile(join(quarantine, `${1_000 + index}-old.record`), '');
    await writeFile(file, 'damaged');
    await store.read(record.id, record.createdAt);
    const names = (await readdir(quarantine)).sort();
    expect(names).toHaveLength(100);
    expect(names[0]).toBe('1006-old.record');
    expect(await readFile(join(quarantine, names.at(-1)!), 'utf8')).toBe('damaged');
  });

  it('B-57 is whole, but of a later release: is left alone', async () => {
    const { directory, file, record, store } = await given();
    const payload = '["what later releases write"]';
    const checksum = createHash('sha256').update(`nest-sessions 2\n${payload}`).digest('hex');
    await writeFile(file, `nest-sessions 2 ${checksum}\n${payload}`);
    await expect(store.read(record.id, record.createdAt)).rejects.toThrow('A session file has format 2; this release');
    expect(await readFile(file, 'utf8')).toContain(payload);
    expect(await readdir(join(directory, 'quarantine'))).toEqual([]);
  });
});

describe('a directory that is a symbolic link', () => {
  it.each([
    ['of a session', (file: string) => dirname(file)],
    ['of the second level', (file: string) => dirname(dirname(file))],
    ['of the first level', (file: string) => dirname(dirname(dirname(file)))],
  ])('C-21 F22 %s, is not followed: not to read, not to write, not to sweep', async (_, directoryOf) => {
    const { directory, file, record } = await given();
    const place = directoryOf(file);
    const target = join(await mkdtemp(join(directory, 'aside-')), 'target');
    await rename(place, target);
    await symlink(target, place);
    const store = new FileSessionStore({ directory }); // one that has not been there before
    const { createdAt: now, expiresAt, id } = record;
    const refusal = 'is a symbolic link, which FileSessionStore does not follow';
    await expect(store.read(id, now)).rejects.toThrow(refusal);
    await expect(store.update(id, { expect: {} }, now)).rejects.toThrow(refusal);
    await expect(store.touch(id, expiresAt, now, {})).rejects.toThrow(refusal);
    await expect(store.delete(id)).rejects.toThrow(refusal);
    await expect(store.sweep(expiresAt, 10)).rejects.toThrow(refusal);
    if (place === dirname(file)) await expect(store.create(record)).rejects.toThrow('ENOTDIR');
    else await expect(store.create(record)).rejects.toThrow(refusal);
    expect(await readdir(join(target, '..'), { recursive: true })).toHaveLength(
      (await readdir(target, { recursive: true })).length + 1,
    );
  });

  it('C-21 F22 of a user, is not followed', async () => {
    const directory = lab.directory();
    const store = new FileSessionStore({ directory });
    await store.raiseEpoch('ada', 1);
    const hash = createHash('sha256').update('ada').digest('hex');
    const place = join(directory, 'users', hash.slice(0, 2), hash.slice(2, 3), hash);
    await rename(place, join(directory, 'aside'));
    await symlink(join(directory, 'aside'), place);
    const refusal = 'is a symbolic link';
    await expect(store.epoch('ada')).rejects.toThrow(refusal);
    await expect(store.raiseEpoch('ada', 2)).rejects.toThrow(refusal);
    await expect(store.create(newRecord({ userId: 'ada' }))).rejects.toThrow(refusal);
    expect(await readdir(join(directory, 'aside'))).toEqual(['epoch-1']);
  });
});
