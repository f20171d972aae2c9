import { MemcacheClient } from 'memcache-client';
import { type MemcachedServer, startMemcached } from '../../../../../scripts/memcached.js';
import { SessionStoreFullError } from '../../core/errors.js';
import type { SessionRecord } from '../../core/record.js';
import { atOnce, newRecord, newStored } from '../../testing/contract/theme.js';
import { MemcachedSessionStore } from './memcached.store.js';

const clients: MemcacheClient[] = [];
const servers: MemcachedServer[] = [];

async function start(...flags: string[]): Promise<MemcachedServer> {
  const server = await startMemcached(...flags);
  servers.push(server);
  return server;
}

function clientOf({ address }: { address: string }, cmdTimeout = 5_000): MemcacheClient {
  const client = new MemcacheClient({ server: address, cmdTimeout, connectTimeout: 1_000 });
  clients.push(client);
  return client;
}

afterEach(async () => {
  for (const client of clients.splice(0)) client.shutdown();
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

/** A session per index, with a field that says whose it is. */
function store60(store: MemcachedSessionStore): Promise<SessionRecord[]> {
  return Promise.all(
    Array.from({ length: 60 }, (_, index) => newStored(store, { fields: new Map([['own', String(index)]]) })),
  );
}

const ownOf = (record: SessionRecord | undefined) => record?.fields.get('own');
const now = Date.now();

describe('several servers', () => {
  const names = ['cache-0', 'cache-1', 'cache-2'];

  async function three() {
    await Promise.all(names.map(() => start()));
    const named = names.map((name, index) => [name, clientOf(servers[index]!)] as const);
    const hasty = names.map((name, index) => [name, clientOf(servers[index]!, 200)] as const);
    const [patient, store] = [named, hasty].map((clients) => new MemcachedSessionStore(Object.fromEntries(clients)));
    return { named, patient: patient!, store: store! };
  }

  /** Whose sessions are not there, and whose server does not answer. */
  async function missing(store: MemcachedSessionStore, records: SessionRecord[]) {
    const reads = await Promise.allSettled(records.map(({ id }) => store.read(id, now)));
    reads.forEach((read, index) => {
      if (read.status === 'fulfilled' && read.value) expect(read.value).toEqual(records[index]);
    });
    return {
      absent: records.filter(
        (_, index) => reads[index]!.status === 'fulfilled' && !('value' in reads[index]! && reads[index].value),
      ),
      failed: records.filter((_, index) => reads[index]!.status === 'rejected'),
    };
  }

  it('F19 each keeps its share, in whatever order they are named', async () => {
    const { named, patient: store } = await three();
    const records = await store60(store);
    const counts = await Promise.all(servers.map(async (server) => Number((await server.stats())['curr_items'])));
    expect(counts.reduce((sum, count) => sum + count)).toBe(60);
    expect(Math.min(...counts)).toBeGreaterThan(5);
    const reversed = new MemcachedSessionStore(Object.fromEntries(named.toReversed()));
    expect(await missing(reversed, records)).toEqual({ absent: [], failed: [] });
  });

  it('F2 F19 one that is dead is a failure to its sessions, never a miss, and nothing to the others', async () => {
    const { patient: store } = await three();
    const records = await store60(store);
    const share = Number((await servers[1]!.stats())['curr_items']);
    await servers[1]!.kill();
    const { absent, failed } = await missing(store, records);
    expect(absent).toEqual([]);
    expect(failed).toHaveLength(share);
    for (const { expiresAt, id } of failed.slice(0, 3)) {
      await expect(store.update(id, { expect: {} }, now)).rejects.toThrow();
      await expect(store.touch(id, expiresAt + 1, now, {})).rejects.toThrow();
      await expect(store.delete(id)).rejects.toThrow();
      await expect(store.delete(id, { generation: 0 })).rejects.toThrow();
      await expect(store.create(newRecord({ id }))).rejects.toThrow();
    }

    // Its sessions are gone when it is back; it is used again by itself, and nobody else's were moved to it.
    await servers[1]!.restart();
    expect(await missing(store, records)).toEqual({ absent: failed, failed: [] });
    expect(await store.update(failed[0]!.id, { expect: {} }, now)).toBe('gone');
    await newStored(store, { ...newRecord(), id: failed[0]!.id });
  });

  it('F1 F3 one that hangs is a failure, and late answers reach nobody', async () => {
    const { store } = await three();
    const records = await store60(store);
    await servers[2]!.pause();
    const { absent, failed } = await missing(store, records);
    expect(absent).toEqual([]);
    expect(failed.length).toBeGreaterThan(5);
    servers[2]!.resume();
    // On a busy machine a client with little patience takes more than one server for frozen.
    for (let left = failed; left.length > 0;) {
      const again = await missing(store, records);
      expect(again.absent).toEqual([]);
      left = again.failed;
    }
  });

  it('I2 a session ended while its server was frozen is ended, or is reported not to be', async () => {
    const { patient, store } = await three();
    const records = await store60(store);
    await servers[0]!.pause();
    const ends = await Promise.allSettled(records.map(({ id }) => store.delete(id)));
    servers[0]!.resume();
    const { absent } = await missing(patient, records);
    for (const [index, end] of ends.entries()) {
      if (end.status === 'fulfilled') expect(absent).toContain(records[index]);
    }
    expect(ends.filter(({ status }) => status === 'rejected').length).toBeGreaterThan(5);
  });

  it('F19 flush_all ends all sessions, and no write brings one back', async () => {
    const { patient: store } = await three();
    const records = await store60(store);
    await Promise.all(servers.map((server) => server.command('flush_all')));
    for (const { expiresAt, id } of records) {
      expect(await store.update(id, { fields: new Map([['own', '"mine"']]), expect: {} }, now)).toBe('gone');
      expect(await store.touch(id, expiresAt + 1, now, {})).toBe('gone');
      expect(await store.delete(id)).toBe(false);
    }
    expect((await missing(store, records)).absent).toHaveLength(60);
  });
});

describe('memory', () => {
  const fields = new Map([['own', `"${'x'.repeat(2_000)}"`]]);

  it('F18 under pressure sessions are lost: counted by the server, absent here, and never brought back', async () => {
    const server = await start('-m', '4');
    const store = new MemcachedSessionStore(clientOf(server));
    const records: SessionRecord[] = [];
    for (let batch = 0; batch < 30; batch++) records.push(...(await atOnce(100, () => newStored(store, { fields }))));
    const reads = await Promise.all(records.map(({ id }) => store.read(id, now)));
    const lost = records.filter((_, index) => !reads[index]);
    expect(lost.length).toBeGreaterThan(0);
    expect(lost).toHaveLength(Number((await server.stats())['evictions']));
    reads.forEach((read, index) => {
      if (read) expect(read).toEqual(records[index]);
    });
    expect(await store.update(lost[0]!.id, { expect: {} }, now)).toBe('gone');
    expect(await store.read(lost[0]!.id, now)).toBeUndefined();
  });

  it('F6 F18 without evictions (-M) a full server refuses, keeps what it has, and can still end sessions', async () => {
    const store = new MemcachedSessionStore(clientOf(await start('-M', '-m', '4')));
    const records: SessionRecord[] = [];
    const fill = async () => {
      for (;;) records.push(await newStored(store, { fields }));
    };
    await expect(fill()).rejects.toThrow(SessionStoreFullError);
    const more = { fields: new Map([['more', `"${'x'.repeat(20_000)}"`]]), expect: {} };
    let grown = 0;
    const growth = async () => {
      for (; ; grown++) expect(await store.update(records[grown]!.id, more, now)).toBe('ok');
    };
    await expect(growth()).rejects.toThrow('The session store is out of memory.');
    const [one, two] = records.slice(grown) as [SessionRecord, SessionRecord];
    expect(await store.read(one.id, now)).toEqual(one);
    expect(await store.delete(one.id)).toBe(true);
    expect(await store.delete(two.id, { generation: 0 })).toBe(true);
    await newStored(store, { fields });
  });

  it('B-54 F19 a session larger than an item is refused, and what was stored before stays', async () => {
    const store = new MemcachedSessionStore(clientOf(await start()));
    const record = await newStored(store, { fields });
    const huge = new Map([['huge', `"${'x'.repeat(1_048_576)}"`]]);
    const refusal = 'The session is larger than the session store takes.';
    await expect(store.update(record.id, { fields: huge, expect: {} }, now)).rejects.toThrow(refusal);
    await expect(store.create(newRecord({ fields: huge }))).rejects.toThrow(SessionStoreFullError);
    expect(await store.read(record.id, now)).toEqual(record);
    // The connection is still in step.
    expect(ownOf(await store.read(record.id, now))).toBe(fields.get('own'));
  });
});
