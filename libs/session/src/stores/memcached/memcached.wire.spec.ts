import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { MemcacheClient } from 'memcache-client';
import { type MemcachedServer, startMemcached } from '../../../../../scripts/memcached.js';
import type { SessionRecord } from '../../core/record.js';
import { newStored } from '../../testing/contract/theme.js';
import { MemcachedSessionStore } from './memcached.store.js';

/** Passes bytes on, and cuts the connection once so many bytes of answers have gone through. */
class CuttingProxy {
  cutIn = Infinity;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(target: number) {
    this.#server = createServer((near) => {
      const far = connect(target, '127.0.0.1');
      for (const socket of [near, far]) {
        this.#sockets.add(socket.on('error', () => {}));
        socket.on('close', () => [near, far].forEach((other) => other.destroy()));
      }
      near.pipe(far);
      far.on('data', (chunk: Buffer) => {
        if (chunk.length < this.cutIn) near.write(chunk);
        else near.end(chunk.subarray(0, this.cutIn));
        this.cutIn = chunk.length < this.cutIn ? this.cutIn - chunk.length : Infinity;
      });
    });
  }

  async listen(): Promise<string> {
    await once(this.#server.listen(0, '127.0.0.1'), 'listening');
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}

describe('answers that are cut off', () => {
  let server: MemcachedServer;
  let proxy: CuttingProxy;
  let client: MemcacheClient;
  let store: MemcachedSessionStore;
  let records: SessionRecord[];

  beforeAll(async () => {
    server = await startMemcached();
    proxy = new CuttingProxy(server.port);
    client = new MemcacheClient({ server: await proxy.listen(), cmdTimeout: 1_000 });
    store = new MemcachedSessionStore(client);
    records = await Promise.all(
      Array.from({ length: 20 }, (_, index) => {
        return newStored(store, { fields: new Map([['own', `"${String(index).repeat(50 * index)}"`]]) });
      }),
    );
  });

  afterAll(async () => {
    client.shutdown();
    proxy.close();
    await server.stop();
  });

  it('C-16 I14 F4 fail, whichever byte is the last, and nobody gets another session or half of one', async () => {
    let failures = 0;
    for (let round = 0; round < 150; round++) {
      proxy.cutIn = 1 + ((round * 137) % 20_000);
      const reads = await Promise.allSettled(records.map(({ id }) => store.read(id, 0)));
      reads.forEach((read, index) => {
        if (read.status === 'fulfilled') expect(read.value).toEqual(records[index]);
        else failures++;
      });
    }
    expect(failures).toBeGreaterThan(150);
  });

  it('I9 I11 fail a write too: it has happened as a whole, or not at all', async () => {
    const { createdAt, id } = records[0]!;
    const stored = await store.read(id, createdAt);
    let version = stored!.version;
    const tally = { done: 0, undone: 0, unknown: 0 };
    for (let round = 0; round < 60; round++) {
      const text = `"${round + 10}"`;
      const change = { fields: new Map([['a', text]]), meta: new Map([['b', text]]), expect: {} };
      const size = (await server.command(`gets session:${id}`)).join('\r\n').length + 2;
      // From the last bytes of the answer to `gets` to those of STORED.
      proxy.cutIn = size - 5 + (round % 16);
      const result = await store.update(id, change, createdAt).catch(() => 'failed');
      proxy.cutIn = Infinity;
      const found = await store.read(id, createdAt).catch(() => store.read(id, createdAt));
      expect(found!.fields.get('a')).toBe(found!.meta.get('b'));
      const happened = found!.version - version;
      if (result === 'ok') expect(happened).toBe(1);
      if (result === 'ok') tally.done++;
      else if (happened) tally.unknown++;
      else tally.undone++;
      version += happened;
    }
    expect(tally.done + tally.undone + tally.unknown).toBe(60);
    expect(Math.min(...Object.values(tally))).toBeGreaterThan(0);
  });
});
