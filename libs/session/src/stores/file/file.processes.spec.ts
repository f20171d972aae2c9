import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type FileLab, type FileProcess, openFileLab } from '../../../../../scripts/file.js';
import type { SessionRecord } from '../../core/record.js';
import type { UpdateResult } from '../../core/store.js';
import { HOUR, newRecord, newStored } from '../../testing/contract/theme.js';
import { FileSessionStore } from './index.js';

const TIME_LIMIT = 60_000;
const N = new Map([['n', '0']]);

let lab: FileLab;
beforeAll(async () => {
  lab = await openFileLab({ disk: true });
});
afterAll(() => lab.close(), TIME_LIMIT);

/** A store of this process, a session in it, and other processes beside it. */
async function given(
  count: number,
): Promise<{ directory: string; store: FileSessionStore; record: SessionRecord; others: FileProcess[] }> {
  const directory = lab.directory();
  const store = new FileSessionStore({ directory });
  const record = await newStored(store, { fields: N });
  const others = await Promise.all(Array.from({ length: count }, () => lab.start({ directory })));
  return { directory, store, record, others };
}

async function filesOf(directory: string): Promise<string[]> {
  const names = await readdir(join(directory, 'sessions'), { recursive: true });
  return names.filter((name) => name.split('/').length > 3);
}

describe('several processes', () => {
  it(
    'F23 B-29 count exactly, each by compare-and-swap',
    async () => {
      const { others, record, store } = await given(3);
      const conflicts = await Promise.all(others.map((process) => process.call<number>('increment', record.id, 30)));
      const found = await store.read(record.id, record.createdAt);
      expect([found?.fields.get('n'), found?.version]).toEqual(['90', 90]);
      // Otherwise they would not have met, and nothing would have been shown.
      expect(Math.max(...conflicts)).toBeGreaterThan(0);
    },
    TIME_LIMIT,
  );

  it(
    'I6 lose no field of one another',
    async () => {
      const { others, record, store } = await given(3);
      await Promise.all(others.map((process, index) => process.call('fill', record.id, `p${index}-`, 20)));
      const found = await store.read(record.id, record.createdAt);
      expect([found?.fields.size, found?.version]).toEqual([61, 60]);
    },
    TIME_LIMIT,
  );

  it(
    'I16 B-33 of creates, rotations and deletes that meet, one happens',
    async () => {
      const { others, store } = await given(3);
      for (let round = 0; round < 10; round++) {
        const record = newRecord();
        const { createdAt: now, id } = record;
        const created = await Promise.all(others.map((process) => process.call('create', record)));
        expect(created.filter(Boolean)).toEqual([true]);
        const change = { fields: N, expect: { version: 0 } };
        const updated = await Promise.all(others.map((process) => process.call('update', id, change, now)));
        expect(updated.sort()).toEqual(['conflict', 'conflict', 'ok']);
        const deleted = await Promise.all(others.map((process) => process.call('delete', id)));
        expect(deleted.filter(Boolean)).toEqual([true]);
        expect(await store.read(id, now)).toBeUndefined();
      }
    },
    TIME_LIMIT,
  );
});

describe('a process that is killed', () => {
  it(
    'F20 at random moments: nothing that it acknowledged is lost, and nothing is torn',
    async () => {
      const { directory, record, store } = await given(0);
      let n = 0;
      for (let round = 0; round < 8; round++) {
        const process = await lab.start({ directory });
        process.call('countUp', record.id, n).catch(() => {});
        const before = n;
        while (process.acknowledged < before + 1 + (round % 4)) await new Promise((resolve) => setTimeout(resolve, 1));
        await process.kill();
        const found = await store.read(record.id, record.createdAt);
        n = Number(found?.fields.get('n'));
        expect(n - process.acknowledged).toBeGreaterThanOrEqual(0);
        expect(n - process.acknowledged).toBeLessThanOrEqual(1);
      }
      expect(await readdir(join(directory, 'quarantine'))).toEqual([]);
    },
    TIME_LIMIT,
  );

  it(
    'F20 F23 leaves nothing that the next one waits for',
    async () => {
      const { directory, others, record, store } = await given(2);
      const [killed, next] = others as [FileProcess, FileProcess];
      await killed.call('read', record.id, record.createdAt); // it has looked at its directory
      await killed.call('signalAt', 'rename', 'SIGKILL');
      await expect(killed.call('update', record.id, { fields: N, expect: {} }, record.createdAt)).rejects.toThrow(
        'ended',
      );
      expect(await filesOf(directory)).toHaveLength(3);
      expect(await next.call('increment', record.id, 1)).toBe(0);
      expect((await store.read(record.id, record.createdAt))?.version).toBe(1);
    },
    TIME_LIMIT,
  );
});

describe('a process that is stopped in the middle of a write, and goes on later', () => {
  const WRITES: Readonly<Record<string, (process: FileProcess, record: SessionRecord) => Promise<UpdateResult>>> = {
    update: (process, { createdAt, id }) => process.call('update', id, { fields: N, expect: {} }, createdAt),
    touch: (process, { createdAt, expiresAt, id }) => process.call('touch', id, expiresAt + HOUR, createdAt, {}),
  };

  it.each(Object.keys(WRITES))(
    'I2 C-1 %s: cannot undo a delete',
    async (name) => {
      const { directory, others, record, store } = await given(1);
      const [paused] = others as [FileProcess];
      await paused.call('read', record.id, record.createdAt); // it has looked at its directory
      await paused.call('signalAt', 'rename', 'SIGSTOP');
      const write = WRITES[name]!(paused, record);
      await paused.stopped();
      expect(await store.delete(record.id)).toBe(true);
      paused.resume();
      expect(await write).toBe('gone');
      expect(await store.read(record.id, record.createdAt)).toBeUndefined();
      expect(await filesOf(directory)).toEqual([]);
    },
    TIME_LIMIT,
  );
});
