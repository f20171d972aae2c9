import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { SessionRecord } from '../core/record.js';
import type { Expectation, Rotation, SessionChange, SessionStore, Sweepable, UserIndex } from '../core/store.js';
import { MemorySessionStore } from '../stores/memory/memory.store.js';

type Store = SessionStore & UserIndex & Sweepable;

/** Ids 0 to 5, never used twice; users, names, texts and hashes from a few, so that they meet. */
const id = fc.nat(5).map((index) => `id-${index}`.padEnd(24, '-'));
const user = fc.constantFrom('ann', 'bob', undefined);
const hash = fc.constantFrom('hash-1', 'hash-2', 'hash-3');
const name = fc.constantFrom('a', 'b', '__proto__');
const text = fc.constantFrom('1', '2', '"x"');
const count = fc.nat(3);
/** Ends and steps in the same small range, so that instants meet exactly. */
const span = fc.integer({ min: 0, max: 4_000 }).map((ms) => ms - (ms % 500));

const texts = fc.uniqueArray(fc.tuple(name, text), { selector: ([key]) => key, maxLength: 3 }).map((e) => new Map(e));
const changes = fc
  .uniqueArray(fc.tuple(name, fc.option(text)), { selector: ([key]) => key, maxLength: 3 })
  .map((entries) => new Map(entries));

const expectation: fc.Arbitrary<Expectation> = fc.record(
  { generation: count, secretHash: hash, version: count, userId: fc.constantFrom('ann', 'bob'), fields: changes },
  { requiredKeys: [] },
);

/** Mostly one that holds, for otherwise little would ever happen. */
const expected = fc.oneof({ weight: 3, arbitrary: fc.constant<Expectation>({}) }, expectation);

const rotation = fc.record({
  secretHash: hash,
  generation: count,
  userId: user,
  authenticatedAt: fc.option(span, { nil: undefined }),
  in: span,
  absolute: span,
});

const change = fc.record(
  { fields: changes, meta: changes, replace: fc.boolean(), extend: span, rotate: rotation },
  { requiredKeys: [] },
);

const operation = fc.oneof(
  fc.record({ verb: fc.constant('create' as const), id, user, fields: texts, in: span, absolute: span }),
  fc.record({ verb: fc.constant('read' as const), id }),
  fc.record({ verb: fc.constant('update' as const), id, change, expect: expected }),
  fc.record({ verb: fc.constant('touch' as const), id, extend: span, expect: expected }),
  fc.record({ verb: fc.constant('delete' as const), id, expect: expected }),
  fc.record({ verb: fc.constant('list' as const), user: fc.constantFrom('ann', 'bob') }),
  fc.record({ verb: fc.constant('raise' as const), user: fc.constantFrom('ann', 'bob'), ago: span }),
  fc.record({ verb: fc.constant('sweep' as const), limit: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ verb: fc.constant('wait' as const), for: span }),
);
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

/** What a store should answer, as the contract says it. Nothing is ever removed: what ended just cannot be found. */
class Model {
  now = 1_800_000_000_000;
  readonly #records = new Map<string, SessionRecord>();
  readonly #epochs = new Map<string, number>();
  #swept = 0;

  /** What both sides answer to one operation. `undefined`: the contract does not say. */
  async compare(store: Store, operation: Operation): Promise<[actual: unknown, expected: unknown] | undefined> {
    const { now } = this;
    switch (operation.verb) {
      case 'create': {
        if (this.#records.has(operation.id)) return undefined;
        const record = this.#newRecord(operation);
        this.#records.set(record.id, record);
        return [await store.create(record), true];
      }
      case 'read':
        return [await store.read(operation.id, now), this.#live(operation.id)];
      case 'update': {
        const change = this.#changeOf(operation);
        return [await store.update(operation.id, change, now), this.#update(operation.id, change)];
      }
      case 'touch': {
        const to = now + operation.extend;
        const result = await store.touch(operation.id, to, now, operation.expect);
        return [result, this.#write(operation.id, operation.expect, (record) => extended(record, to))];
      }
      case 'delete':
        if (this.#records.has(operation.id) && !this.#live(operation.id)) return undefined;
        return [await store.delete(operation.id, operation.expect), this.#delete(operation)];
      case 'list': {
        const listed = await store.listByUser(operation.user, now);
        const own = [...this.#records.values()].filter(({ userId }) => userId === operation.user);
        return [byId(listed), byId(own.filter((record) => this.#live(record.id)))];
      }
      case 'raise': {
        const at = now - operation.ago;
        await store.raiseEpoch(operation.user, at);
        this.#epochs.set(operation.user, Math.max(at, this.#epochs.get(operation.user) ?? 0));
        return [await store.epoch(operation.user), this.#epochs.get(operation.user)];
      }
      case 'sweep':
        return [await store.sweep(now, operation.limit), this.#sweep(operation.limit)];
      case 'wait':
        this.now += operation.for;
        return undefined;
    }
  }

  /** Every record, as either side sees it. */
  async compareAll(store: Store): Promise<void> {
    for (const key of this.#records.keys()) expect(await store.read(key, this.now)).toEqual(this.#live(key));
  }

  #live(key: string): SessionRecord | undefined {
    const record = this.#records.get(key);
    return record && this.now < record.expiresAt ? record : undefined;
  }

  #write(key: string, expect: Expectation, apply: (record: SessionRecord) => SessionRecord) {
    const record = this.#live(key);
    if (!record) return 'gone';
    if (!holds(record, expect)) return 'conflict';
    this.#records.set(key, apply(record));
    return 'ok';
  }

  #update(key: string, { expect, expiresAt, fields, meta, replace, rotate }: SessionChange) {
    return this.#write(key, expect, (record) => ({
      ...(expiresAt === undefined ? record : extended(record, expiresAt)),
      version: record.version + 1,
      fields: merge(replace ? [] : [...record.fields], fields),
      meta: merge([...record.meta], meta),
      ...rotate,
    }));
  }

  /** Gone from both sides for good: an id is not used twice. */
  #delete({ expect, id: key }: { id: string; expect: Expectation }): boolean {
    const record = this.#live(key);
    if (!record || !holds(record, expect)) return false;
    this.#records.set(key, { ...record, expiresAt: -1, userId: undefined });
    return true;
  }

  /** Which of the expired go first, the contract does not say. They all read alike, so counting them is enough. */
  #sweep(limit: number): number {
    const expired = [...this.#records.values()].filter(({ expiresAt }) => expiresAt >= 0 && expiresAt <= this.now);
    const swept = Math.min(limit, expired.length - this.#swept);
    this.#swept += swept;
    return swept;
  }

  #newRecord({ absolute, fields, id: key, in: life, user: userId }: Operation & { verb: 'create' }): SessionRecord {
    const absoluteExpiresAt = this.now + life + absolute;
    return {
      id: key,
      name: 'session',
      secretHash: 'hash-1',
      generation: 0,
      version: 0,
      fields,
      meta: new Map(),
      userId,
      createdAt: this.now,
      authenticatedAt: undefined,
      expiresAt: this.now + life,
      absoluteExpiresAt,
    };
  }

  #changeOf({ change: given, expect }: Operation & { verb: 'update' }): SessionChange {
    const { extend, rotate, ...rest } = given;
    if (!rotate) return { ...rest, expect, expiresAt: extend === undefined ? undefined : this.now + extend };
    const { absolute, in: life, ...assigned } = rotate;
    const ends = { expiresAt: this.now + life, absoluteExpiresAt: this.now + life + absolute };
    return { ...rest, expect, rotate: { ...assigned, ...ends } satisfies Rotation };
  }
}

function holds(record: SessionRecord, { fields, ...expect }: Expectation): boolean {
  const same = Object.entries(expect).every(([key, value]) => record[key as keyof SessionRecord] === value);
  return same && [...(fields ?? [])].every(([key, value]) => (record.fields.get(key) ?? null) === value);
}

function merge(before: [string, string][], delta: ReadonlyMap<string, string | null> = new Map()): Map<string, string> {
  const kept = before.filter(([key]) => !delta.has(key));
  const set = [...delta].filter((entry): entry is [string, string] => entry[1] !== null);
  return new Map([...kept, ...set]);
}

function extended(record: SessionRecord, to: number): SessionRecord {
  const later = to > record.expiresAt ? to : record.expiresAt;
  return { ...record, expiresAt: later < record.absoluteExpiresAt ? later : record.absoluteExpiresAt };
}

function byId(records: readonly SessionRecord[]): SessionRecord[] {
  return [...records].sort((a, b) => (a.id < b.id ? -1 : 1));
}

const STORES: readonly (readonly [string, () => Store])[] = [['MemorySessionStore', () => new MemorySessionStore()]];

describe('any sequence of calls', () => {
  it.each(STORES)('is answered by %s as by the model', async (_, make) => {
    const property = fc.asyncProperty(fc.array(operation, { maxLength: 60 }), async (operations) => {
      const [model, store] = [new Model(), make()];
      for (const step of operations) {
        const answers = await model.compare(store, step);
        if (answers) expect(answers[0]).toEqual(answers[1]);
        await model.compareAll(store);
      }
    });
    await fc.assert(property, { numRuns: 500 });
  });
});
