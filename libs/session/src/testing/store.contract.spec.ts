import { describe, expect, it } from '@jest/globals';
import type { SessionRecord } from '../core/record.js';
import type {
  Expectation,
  Pingable,
  SessionChange,
  SessionStore,
  Sweepable,
  TextChanges,
  UpdateResult,
  UserIndex,
} from '../core/store.js';
import { MemorySessionStore } from '../stores/memory/memory.store.js';
import { type ContractOptions, type ContractSubject, describeSessionStore } from './store.contract.js';

/** A store in its plainest form, in steps that a mutant can replace one at a time. */
class PlainStore implements SessionStore, UserIndex, Sweepable, Pingable {
  guarantees = { atomicUpdate: true, oneLiveToken: true, revocable: true, listable: true };

  constructor(
    readonly records = new Map<string, SessionRecord>(),
    readonly epochs = new Map<string, number>(),
  ) {}

  async create(record: SessionRecord): Promise<boolean> {
    if (this.records.has(this.key(record.id))) return false;
    this.put(this.copyIn(record));
    return true;
  }

  async read(id: string, now: number): Promise<SessionRecord | undefined> {
    const record = this.live(id, now);
    return record && this.copyOut(record);
  }

  async update(id: string, change: SessionChange, now: number): Promise<UpdateResult> {
    const record = this.live(id, now);
    if (!record) return 'gone';
    if (!this.holds(record, change.expect)) return 'conflict';
    this.put(this.changed(record, change));
    return 'ok';
  }

  async touch(id: string, expiresAt: number, now: number, expect: Expectation): Promise<UpdateResult> {
    const record = this.live(id, now);
    if (!record) return 'gone';
    if (!this.holds(record, expect)) return 'conflict';
    this.put(this.touched(record, expiresAt));
    return 'ok';
  }

  async delete(id: string, expect: Expectation = {}): Promise<boolean> {
    const record = this.records.get(this.key(id));
    return record !== undefined && this.holds(record, expect) && this.records.delete(this.key(id));
  }

  async listByUser(userId: string, now: number): Promise<SessionRecord[]> {
    const records = [...this.records.values()].filter((record) => this.isListed(record, userId, now));
    return records.map((record) => this.copyOut(record));
  }

  async raiseEpoch(userId: string, now: number): Promise<void> {
    this.epochs.set(userId, Math.max(now, this.epochs.get(userId) ?? 0));
  }

  async epoch(userId: string): Promise<number> {
    return this.epochs.get(userId) ?? 0;
  }

  async sweep(now: number, limit: number): Promise<number> {
    const expired = [...this.records.values()].filter((record) => this.isSwept(record, now)).slice(0, limit);
    for (const { id } of expired) this.records.delete(this.key(id));
    return expired.length;
  }

  async ping(): Promise<void> {}

  key(id: string): string {
    return id;
  }

  put(record: SessionRecord): void {
    this.records.set(this.key(record.id), record);
  }

  copyIn(record: SessionRecord): SessionRecord {
    return { ...record, fields: new Map(record.fields), meta: new Map(record.meta) };
  }

  copyOut(record: SessionRecord): SessionRecord {
    return { ...record, fields: new Map(record.fields), meta: new Map(record.meta) };
  }

  live(id: string, now: number): SessionRecord | undefined {
    const record = this.records.get(this.key(id));
    return record && this.isLive(record, now) ? record : undefined;
  }

  isLive(record: SessionRecord, now: number): boolean {
    return record.expiresAt > now;
  }

  isListed(record: SessionRecord, userId: string, now: number): boolean {
    return record.userId === userId && record.expiresAt > now;
  }

  isSwept(record: SessionRecord, now: number): boolean {
    return record.expiresAt <= now;
  }

  holds(record: SessionRecord, expect: Expectation): boolean {
    for (const key of ['generation', 'secretHash', 'version', 'userId'] as const) {
      if (expect[key] !== undefined && expect[key] !== record[key]) return false;
    }
    return [...(expect.fields ?? [])].every(([name, text]) => (record.fields.get(name) ?? null) === text);
  }

  changed(record: SessionRecord, change: SessionChange): SessionRecord {
    const { expiresAt, fields, meta, replace, rotate } = change;
    return {
      ...record,
      version: record.version + 1,
      fields: this.merged(replace ? new Map() : record.fields, fields),
      meta: this.merged(record.meta, meta),
      expiresAt: expiresAt === undefined ? record.expiresAt : this.extended(record, expiresAt),
      ...rotate,
    };
  }

  touched(record: SessionRecord, expiresAt: number): SessionRecord {
    return { ...record, expiresAt: this.extended(record, expiresAt) };
  }

  extended(record: SessionRecord, expiresAt: number): number {
    return Math.min(Math.max(record.expiresAt, expiresAt), record.absoluteExpiresAt);
  }

  merged(texts: ReadonlyMap<string, string>, changes: TextChanges = new Map()): Map<string, string> {
    const merged = new Map(texts);
    for (const [name, text] of changes) {
      if (text === null) merged.delete(name);
      else merged.set(name, text);
    }
    return merged;
  }
}

/** Lets everybody else go first, as an engine between two statements does. */
const meanwhile = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** What is wrong about a store, the tests meant to notice it, and the store. */
type Mutant = readonly [what: string, caughtBy: RegExp, store: new () => SessionStore];

const MUTANTS: readonly Mutant[] = [
  [
    'create overwrites what is there',
    /C-9 I16 refuses an id/,
    class extends PlainStore {
      override async create(record: SessionRecord) {
        this.put(this.copyIn(record));
        return true;
      }
    },
  ],
  [
    'create overwrites, and says that it did not',
    /C-9 I16 refuses an id/,
    class extends PlainStore {
      override async create(record: SessionRecord) {
        const taken = this.records.has(record.id);
        this.put(this.copyIn(record));
        return !taken;
      }
    },
  ],
  [
    'create says true for an id that is taken',
    /C-9 I16 refuses an id/,
    class extends PlainStore {
      override async create(record: SessionRecord) {
        await super.create(record);
        return true;
      }
    },
  ],
  [
    'create checks in one step and writes in another',
    /C-9 I16 of 20 creates/,
    class extends PlainStore {
      override async create(record: SessionRecord) {
        if (this.records.has(record.id)) return false;
        await meanwhile();
        this.put(this.copyIn(record));
        return true;
      }
    },
  ],
  [
    'create puts an id under each name',
    /C-9 C-14 an id is taken/,
    class extends PlainStore {
      override async create(record: SessionRecord) {
        const taken = this.records.get(record.id);
        if (taken && taken.name === record.name) return false;
        this.put(this.copyIn(record));
        return true;
      }
    },
  ],
  [
    'read creates an empty record for an id it does not know',
    /C-13/,
    class extends PlainStore {
      override async read(id: string, now: number) {
        const found = await super.read(id, now);
        if (!found) {
          const at = { createdAt: now, expiresAt: now + 1, absoluteExpiresAt: now + 1 };
          const none = { generation: 0, version: 0, fields: new Map(), meta: new Map(), secretHash: '', name: '' };
          this.put({ id, ...none, ...at });
        }
        return found;
      }
    },
  ],
  [
    'the name is lost',
    /I19 gives a logged-in record back/,
    class extends PlainStore {
      override copyIn(record: SessionRecord) {
        return { ...super.copyIn(record), name: 'session' };
      }
    },
  ],
  [
    'absent properties come back as null',
    /I19 gives an anonymous record back/,
    class extends PlainStore {
      override copyOut(record: SessionRecord) {
        return { ...super.copyOut(record), userId: record.userId ?? (null as unknown as undefined) };
      }
    },
  ],
  [
    'counters start at 0 whatever was given',
    /I19 gives a logged-in record back/,
    class extends PlainStore {
      override copyIn(record: SessionRecord) {
        return { ...super.copyIn(record), version: 0 };
      }
    },
  ],
  [
    'a record without fields is taken for missing',
    /C-29/,
    class extends PlainStore {
      override live(id: string, now: number) {
        const found = super.live(id, now);
        return found && found.fields.size > 0 ? found : undefined;
      }
    },
  ],
  [
    'ids are compared without regard to case',
    /I14 ids that differ in case/,
    class extends PlainStore {
      override key(id: string) {
        return id.toLowerCase();
      }
    },
  ],
  [
    'update creates what is not there',
    /C-13 no other verb|C-1 I2/,
    class extends PlainStore {
      override async update(id: string, change: SessionChange, now: number) {
        if (!this.records.has(id)) {
          const at = { createdAt: now, expiresAt: now + 60_000, absoluteExpiresAt: now + 60_000 };
          const none = { generation: 0, version: 0, fields: new Map(), meta: new Map(), secretHash: '', name: '' };
          this.put(this.changed({ id, ...none, ...at }, change));
          return 'ok' as const;
        }
        return super.update(id, change, now);
      }
    },
  ],
  [
    'a deleted record is kept, and a touch revives it',
    /touch C-2/,
    class extends PlainStore {
      readonly deleted = new Map<string, SessionRecord>();
      override async delete(id: string, expect?: Expectation) {
        const record = this.records.get(id);
        if (record) this.deleted.set(id, record);
        return super.delete(id, expect);
      }
      override async touch(id: string, expiresAt: number, now: number, expect: Expectation) {
        const deleted = this.deleted.get(id);
        if (deleted) this.put(deleted);
        return super.touch(id, expiresAt, now, expect);
      }
    },
  ],
  [
    'update reads in one step and writes all in another',
    /update, many at once/,
    class extends PlainStore {
      override async update(id: string, change: SessionChange, now: number) {
        const record = this.live(id, now);
        if (!record) return 'gone' as const;
        if (!this.holds(record, change.expect)) return 'conflict' as const;
        await meanwhile();
        if (!this.records.has(id)) return 'gone' as const;
        this.put(this.changed(record, change));
        return 'ok' as const;
      }
    },
  ],
  [
    'update checks the expectation in one step and writes in another',
    /B-29|B-39|I7 of 20/,
    class extends PlainStore {
      override async update(id: string, change: SessionChange, now: number) {
        const record = this.live(id, now);
        if (record && !this.holds(record, change.expect)) return 'conflict' as const;
        await meanwhile();
        return super.update(id, { ...change, expect: {} }, now);
      }
    },
  ],
  [
    'update and delete race: the write comes back after the delete',
    /B-32 I2 C-1/,
    class extends PlainStore {
      override async update(id: string, change: SessionChange, now: number) {
        const record = this.live(id, now);
        if (!record) return 'gone' as const;
        if (!this.holds(record, change.expect)) return 'conflict' as const;
        await meanwhile();
        this.put(this.changed(record, change));
        return 'ok' as const;
      }
    },
  ],
  [
    'touch and delete race: the touch comes back after the delete',
    /B-32 I2 C-1/,
    class extends PlainStore {
      override async touch(id: string, expiresAt: number, now: number, expect: Expectation) {
        const record = this.live(id, now);
        if (!record) return 'gone' as const;
        if (!this.holds(record, expect)) return 'conflict' as const;
        await meanwhile();
        this.put(this.touched(record, expiresAt));
        return 'ok' as const;
      }
    },
  ],
  [
    'touch writes back the record that it read',
    /I6 a change and a touch/,
    class extends PlainStore {
      override async touch(id: string, expiresAt: number, now: number, expect: Expectation) {
        const record = this.live(id, now);
        await meanwhile();
        const result = await super.touch(id, expiresAt, now, expect);
        if (result === 'ok' && record) this.put(this.touched(record, expiresAt));
        return result;
      }
    },
  ],
  [
    'a change is written in two steps',
    /I9 no read sees half/,
    class extends PlainStore {
      override async update(id: string, change: SessionChange, now: number) {
        const { meta, ...first } = change;
        const result = await super.update(id, first, now);
        await meanwhile();
        const record = this.records.get(id);
        if (result === 'ok' && record) this.put({ ...record, meta: this.merged(record.meta, meta) });
        return result;
      }
    },
  ],
  [
    'an update writes the whole blob instead of merging',
    /B-27 fields: a change keeps/,
    class extends PlainStore {
      override changed(record: SessionRecord, change: SessionChange) {
        return super.changed(record, { ...change, replace: true });
      }
    },
  ],
  [
    'removals are dropped',
    /I7 fields: null removes/,
    class extends PlainStore {
      override merged(texts: ReadonlyMap<string, string>, changes: TextChanges = new Map()) {
        return super.merged(texts, new Map([...changes].filter(([, text]) => text !== null)));
      }
    },
  ],
  [
    'replace is not heeded',
    /replace removes the fields/,
    class extends PlainStore {
      override changed(record: SessionRecord, change: SessionChange) {
        return super.changed(record, { ...change, replace: false });
      }
    },
  ],
  [
    'replace without fields does nothing',
    /C-29 replace with no fields/,
    class extends PlainStore {
      override changed(record: SessionRecord, change: SessionChange) {
        return super.changed(record, { ...change, replace: change.replace && change.fields !== undefined });
      }
    },
  ],
  [
    'replace clears meta too',
    /replace removes the fields/,
    class extends PlainStore {
      override changed(record: SessionRecord, change: SessionChange) {
        const changed = super.changed(record, change);
        return change.replace ? { ...changed, meta: this.merged(new Map(), change.meta) } : changed;
      }
    },
  ],
  [
    'meta is not written',
    /B-27 meta/,
    class extends PlainStore {
      override changed(record: SessionRecord, change: SessionChange) {
        return super.changed(record, { ...change, meta: undefined });
      }
    },
  ],
  [
    'fields and meta share one space of names',
    /fields: a name of meta is another one/,
    class extends PlainStore {
      override changed(record: SessionRecord, change: SessionChange) {
        return super.changed(record, {
          ...change,
          meta: new Map([...(change.meta ?? []), ...(change.fields ?? [])]),
        });
      }
    },
  ],
  [
    'the version is not raised',
    /raises the version by one/,
    class extends PlainStore {
      override changed(record: SessionRecord, change: SessionChange) {
        return { ...super.changed(record, change), version: record.version };
      }
    },
  ],
  [
    'the version is raised only when something differs',
    /raises the version by one/,
    class extends PlainStore {
      override changed(record: SessionRecord, change: SessionChange) {
        return change.fields || change.rotate ? super.changed(record, change) : record;
      }
    },
  ],
  [
    'a touch raises the version',
    /I8 does not raise the version/,
    class extends PlainStore {
      override touched(record: SessionRecord, expiresAt: number) {
        return { ...super.touched(record, expiresAt), version: record.version + 1 };
      }
    },
  ],
  [
    'a touch sets the end, and may bring it nearer',
    /B-46 I5 never shortens/,
    class extends PlainStore {
      override touched(record: SessionRecord, expiresAt: number) {
        return { ...record, expiresAt: Math.min(expiresAt, record.absoluteExpiresAt) };
      }
    },
  ],
  [
    'a touch passes the absolute end',
    /touch I4 never passes/,
    class extends PlainStore {
      override touched(record: SessionRecord, expiresAt: number) {
        return { ...record, expiresAt: Math.max(record.expiresAt, expiresAt) };
      }
    },
  ],
  [
    'an update brings the end nearer',
    /update I5 B-46/,
    class extends PlainStore {
      override changed(record: SessionRecord, change: SessionChange) {
        const changed = super.changed(record, change);
        return change.expiresAt === undefined ? changed : { ...changed, expiresAt: change.expiresAt };
      }
    },
  ],
  [
    'an update passes the absolute end',
    /update I4 extends no further/,
    class extends PlainStore {
      override extended(record: SessionRecord, expiresAt: number) {
        return Math.max(record.expiresAt, expiresAt);
      }
    },
  ],
  [
    'an update does not extend',
    /update I5 B-46/,
    class extends PlainStore {
      override changed(record: SessionRecord, change: SessionChange) {
        return super.changed(record, { ...change, expiresAt: undefined });
      }
    },
  ],
  [
    '`<` instead of `<=`: at its end a record still lives',
    /B-43/,
    class extends PlainStore {
      override isLive(record: SessionRecord, now: number) {
        return record.expiresAt >= now;
      }
    },
  ],
  [
    'the wall clock decides what has expired',
    /B-43 C-33 read/,
    class extends PlainStore {
      override isLive(record: SessionRecord) {
        return record.expiresAt > Date.now();
      }
    },
  ],
  [
    'reads go by the caller’s time, and writes by the wall clock',
    /B-43 B-45 I3 (touch|update|rotation) at the end/,
    class extends PlainStore {
      override async update(id: string, change: SessionChange) {
        return super.update(id, change, Date.now());
      }
      override async touch(id: string, expiresAt: number, _now: number, expect: Expectation) {
        return super.touch(id, expiresAt, Date.now(), expect);
      }
    },
  ],
  [
    'an engine’s time-to-live is set to the end itself, and removes what the caller’s time still lets live',
    /B-45 touch a millisecond before the end/,
    class extends PlainStore {
      override live(id: string, now: number) {
        const record = super.live(id, now + 1_000);
        if (!record) this.records.delete(id);
        return record;
      }
    },
  ],
  [
    'a read extends the life of what it finds',
    /B-43 C-33 read/,
    class extends PlainStore {
      override async read(id: string, now: number) {
        const found = await super.read(id, now);
        if (found) this.put(this.touched(found, now + 30 * 60_000));
        return found;
      }
    },
  ],
  [
    'read returns what has expired until it is swept',
    /B-43 C-33/,
    class extends PlainStore {
      override async read(id: string) {
        const record = this.records.get(id);
        return record && this.copyOut(record);
      }
    },
  ],
  [
    'a touch revives what has expired',
    /B-43 B-45 I3 touch/,
    class extends PlainStore {
      override async touch(id: string, expiresAt: number, _now: number, expect: Expectation) {
        return super.touch(id, expiresAt, 0, expect);
      }
    },
  ],
  [
    'an update revives what has expired',
    /B-43 B-45 I3 update/,
    class extends PlainStore {
      override async update(id: string, change: SessionChange, now: number) {
        return super.update(id, change, change.rotate ? now : 0);
      }
    },
  ],
  [
    'a rotation revives what has expired',
    /B-43 B-45 I3 rotation/,
    class extends PlainStore {
      override async update(id: string, change: SessionChange, now: number) {
        return super.update(id, change, change.rotate ? 0 : now);
      }
    },
  ],
  [
    'instants are rounded to seconds',
    /B-48 ends are exact/,
    class extends PlainStore {
      override copyIn(record: SessionRecord) {
        return { ...super.copyIn(record), expiresAt: Math.floor(record.expiresAt / 1_000) * 1_000 };
      }
    },
  ],
  [
    'instants are seconds in 32 bits',
    /B-48 instants beyond the year 2038/,
    class extends PlainStore {
      override copyIn(record: SessionRecord) {
        const absoluteExpiresAt = Math.min(record.absoluteExpiresAt, (2 ** 31 - 1) * 1_000);
        return { ...super.copyIn(record), absoluteExpiresAt };
      }
    },
  ],
  [
    'a life of more than 30 days is an absolute time, long past',
    /C-44 a session of 31 days/,
    class extends PlainStore {
      override async create(record: SessionRecord) {
        return record.expiresAt - record.createdAt > 30 * 86_400_000 ? true : super.create(record);
      }
    },
  ],
  ...(['generation', 'secretHash', 'version', 'userId', 'fields'] as const).map((property): Mutant => [
    `the expected ${property} is not looked at`,
    /I13 (update|rotation|touch|delete) that wrongly expects/,
    class extends PlainStore {
      override holds(record: SessionRecord, expect: Expectation) {
        return super.holds(record, { ...expect, [property]: undefined });
      }
    },
  ]),
  [
    'an expectation of 0 is taken for none',
    /wrongly expects (generation|version) 0/,
    class extends PlainStore {
      override holds(record: SessionRecord, expect: Expectation) {
        const { generation, version } = expect;
        return super.holds(record, {
          ...expect,
          generation: generation || undefined,
          version: version || undefined,
        });
      }
    },
  ],
  [
    'an expected absence of a field is not looked at',
    /wrongly expects a field to be absent/,
    class extends PlainStore {
      override holds(record: SessionRecord, expect: Expectation) {
        const fields = new Map([...(expect.fields ?? [])].filter(([, text]) => text !== null));
        return super.holds(record, { ...expect, fields });
      }
    },
  ],
  [
    'only the first expected field is looked at',
    /wrongly expects two fields/,
    class extends PlainStore {
      override holds(record: SessionRecord, expect: Expectation) {
        return super.holds(record, { ...expect, fields: new Map([...(expect.fields ?? [])].slice(0, 1)) });
      }
    },
  ],
  [
    'expected texts are compared as JSON',
    /wrongly expects the same JSON written otherwise/,
    class extends PlainStore {
      override holds(record: SessionRecord, expect: Expectation) {
        const same = (text: string | null) => text && text.startsWith('[') && JSON.stringify(JSON.parse(text));
        const fields = new Map([...(expect.fields ?? [])].map(([name, text]) => [name, same(text) || text]));
        return super.holds(record, { ...expect, fields });
      }
    },
  ],
  [
    'users are compared without regard to case',
    /its user in capitals|users whose ids differ by case/,
    class extends PlainStore {
      override holds(record: SessionRecord, expect: Expectation) {
        const userId = expect.userId?.toLowerCase();
        return super.holds({ ...record, userId: record.userId?.toLowerCase() }, { ...expect, userId });
      }
    },
  ],
  [
    'a touch ignores its expectation',
    /I13 touch that wrongly expects/,
    class extends PlainStore {
      override async touch(id: string, expiresAt: number, now: number) {
        return super.touch(id, expiresAt, now, {});
      }
    },
  ],
  [
    'a delete ignores its expectation',
    /I13 delete that wrongly expects/,
    class extends PlainStore {
      override async delete(id: string) {
        return super.delete(id, {});
      }
    },
  ],
  [
    'a refused write has an effect all the same',
    /I13 update that wrongly expects/,
    class extends PlainStore {
      override async update(id: string, change: SessionChange, now: number) {
        const result = await super.update(id, change, now);
        const record = this.records.get(id);
        if (result === 'conflict' && record) this.put({ ...record, version: record.version + 1 });
        return result;
      }
    },
  ],
  [
    'a rotation happens whatever it expects',
    /I13 with a stale expectation|I12 the same rotation/,
    class extends PlainStore {
      override async update(id: string, change: SessionChange, now: number) {
        return super.update(id, change.rotate ? { ...change, expect: {} } : change, now);
      }
    },
  ],
  [
    'a rotation keeps the old secret',
    /C-7 assigns all/,
    class extends PlainStore {
      override changed(record: SessionRecord, change: SessionChange) {
        return { ...super.changed(record, change), secretHash: record.secretHash };
      }
    },
  ],
  [
    'a rotation keeps the generation',
    /C-7 assigns all/,
    class extends PlainStore {
      override changed(record: SessionRecord, change: SessionChange) {
        return { ...super.changed(record, change), generation: record.generation };
      }
    },
  ],
  [
    'a rotation extends the end instead of assigning it',
    /assigns an earlier end as it stands/,
    class extends PlainStore {
      override changed(record: SessionRecord, change: SessionChange) {
        const changed = super.changed(record, change);
        return { ...changed, expiresAt: Math.max(record.expiresAt, changed.expiresAt) };
      }
    },
  ],
  [
    'a rotation cannot pass the old absolute end',
    /assigns ends beyond the old absolute one/,
    class extends PlainStore {
      override changed(record: SessionRecord, change: SessionChange) {
        const changed = super.changed(record, change);
        return { ...changed, expiresAt: Math.min(record.absoluteExpiresAt, changed.expiresAt) };
      }
    },
  ],
  [
    'a rotation cannot remove the user',
    /removes user and login time/,
    class extends PlainStore {
      override changed(record: SessionRecord, change: SessionChange) {
        const changed = super.changed(record, change);
        return { ...changed, userId: changed.userId ?? record.userId };
      }
    },
  ],
  [
    'delete says true always',
    /B-33 of an unknown id/,
    class extends PlainStore {
      override async delete(id: string, expect?: Expectation) {
        await super.delete(id, expect);
        return true;
      }
    },
  ],
  [
    'delete looks in one step and removes in another',
    /B-33 of 20 deletes/,
    class extends PlainStore {
      override async delete(id: string, expect?: Expectation) {
        const there = this.records.has(id);
        await meanwhile();
        await super.delete(id, expect);
        return there;
      }
    },
  ],
  [
    'delete hides the record until later',
    /B-32 I2 C-1|B-33 ends a record/,
    class extends PlainStore {
      override async delete(id: string, expect?: Expectation) {
        const there = this.records.has(id);
        setImmediate(() => void super.delete(id, expect));
        return there;
      }
    },
  ],
  [
    'names are properties of an object with a prototype',
    /a name may be (__proto__|constructor|toString)/,
    class extends PlainStore {
      override copyOut(record: SessionRecord) {
        const object: Record<string, string> = {};
        for (const [name, text] of record.fields) object[name] = text;
        return { ...super.copyOut(record), fields: new Map(Object.entries(object)) };
      }
    },
  ],
  [
    'texts are parsed and written anew',
    /JSON in an order and a spacing/,
    class extends PlainStore {
      override copyOut(record: SessionRecord) {
        const anew = (text: string) => (text.startsWith('{') ? JSON.stringify(JSON.parse(text)) : text);
        return {
          ...super.copyOut(record),
          fields: new Map([...record.fields].map(([name, text]) => [name, anew(text)])),
        };
      }
    },
  ],
  [
    'texts are trimmed',
    /blanks at both ends/,
    class extends PlainStore {
      override copyOut(record: SessionRecord) {
        return {
          ...super.copyOut(record),
          meta: new Map([...record.meta].map(([name, text]) => [name, text.trim()])),
        };
      }
    },
  ],
  [
    'an empty text is no text',
    /an empty text comes back/,
    class extends PlainStore {
      override copyOut(record: SessionRecord) {
        return { ...super.copyOut(record), fields: new Map([...record.fields].filter(([, text]) => text)) };
      }
    },
  ],
  [
    'long texts are cut',
    /64 KiB/,
    class extends PlainStore {
      override copyOut(record: SessionRecord) {
        const cut = [...record.fields].map(([name, text]) => [name, text.slice(0, 65_535)] as const);
        return { ...super.copyOut(record), fields: new Map(cut) };
      }
    },
  ],
  [
    'create keeps the maps that it was given',
    /B-56 changing what was given to create/,
    class extends PlainStore {
      override copyIn(record: SessionRecord) {
        return { ...record };
      }
    },
  ],
  [
    'create keeps the record that it was given',
    /B-56 changing what was given to create/,
    class extends PlainStore {
      override copyIn(record: SessionRecord) {
        return Object.assign(record, { fields: new Map(record.fields), meta: new Map(record.meta) });
      }
    },
  ],
  [
    'read hands out its own maps',
    /B-56 changing what was read/,
    class extends PlainStore {
      override copyOut(record: SessionRecord) {
        return { ...record };
      }
    },
  ],
  [
    'update keeps the maps that it was given',
    /B-56 changing what was given to update/,
    class extends PlainStore {
      override merged(texts: ReadonlyMap<string, string>, changes?: TextChanges) {
        const whole = texts.size === 0 && changes && [...changes.values()].every((text) => text !== null);
        return whole ? (changes as Map<string, string>) : super.merged(texts, changes);
      }
    },
  ],
  [
    'update changes maps that were handed out',
    /B-56 a record that was read stays/,
    class extends PlainStore {
      override copyOut(record: SessionRecord) {
        return { ...record };
      }
      override merged(texts: ReadonlyMap<string, string>, changes: TextChanges = new Map()) {
        const map = texts as Map<string, string>;
        for (const [name, text] of changes) {
          if (text === null) map.delete(name);
          else map.set(name, text);
        }
        return map;
      }
    },
  ],
  [
    'lists show what has expired',
    /C-33 I22 lists no session/,
    class extends PlainStore {
      override isListed(record: SessionRecord, userId: string) {
        return record.userId === userId;
      }
    },
  ],
  [
    'lists show everybody’s sessions',
    /I22 lists the sessions of that user/,
    class extends PlainStore {
      override isListed(record: SessionRecord, _: string, now: number) {
        return record.expiresAt > now;
      }
    },
  ],
  [
    'lists are made at create, and do not follow a login',
    /lists a session from its login on/,
    class extends PlainStore {
      readonly first = new Map<string, string | undefined>();
      override copyIn(record: SessionRecord) {
        this.first.set(record.id, record.userId);
        return super.copyIn(record);
      }
      override isListed(record: SessionRecord, userId: string, now: number) {
        return this.first.get(record.id) === userId && record.expiresAt > now;
      }
    },
  ],
  [
    'a session stays on the list of its first user',
    /changes lists|leaves the list/,
    class extends PlainStore {
      readonly owners = new Map<string, Set<string | undefined>>();
      override put(record: SessionRecord) {
        this.owners.set(record.id, (this.owners.get(record.id) ?? new Set()).add(record.userId));
        super.put(record);
      }
      override isListed(record: SessionRecord, userId: string, now: number) {
        return this.owners.get(record.id)!.has(userId) && record.expiresAt > now;
      }
    },
  ],
  [
    'index entries live only as long as the first idle timeout',
    /lists a session for as long as it was extended/,
    class extends PlainStore {
      override isListed(record: SessionRecord, userId: string, now: number) {
        return record.userId === userId && record.createdAt + 30 * 60_000 > now;
      }
    },
  ],
  [
    'lists go by the wall clock',
    /C-33 I22 lists no session that has expired/,
    class extends PlainStore {
      override isListed(record: SessionRecord, userId: string) {
        return super.isListed(record, userId, Date.now());
      }
    },
  ],
  [
    'the list of a user is read in one step and written in another',
    /I22 of sessions that come, go and log in at once/,
    class extends PlainStore {
      readonly lists = new Map<string, ReadonlySet<string>>();
      async editList(userId: string | undefined, edit: (ids: Set<string>) => unknown) {
        if (userId === undefined) return;
        const ids = new Set(this.lists.get(userId));
        await meanwhile();
        edit(ids);
        this.lists.set(userId, ids);
      }
      override async create(record: SessionRecord) {
        await this.editList(record.userId, (ids) => ids.add(record.id));
        return super.create(record);
      }
      override async update(id: string, change: SessionChange, now: number) {
        await this.editList(change.rotate?.userId, (ids) => ids.add(id));
        return super.update(id, change, now);
      }
      override async delete(id: string, expect?: Expectation) {
        const userId = this.records.get(id)?.userId;
        const ended = await super.delete(id, expect);
        if (ended) await this.editList(userId, (ids) => ids.delete(id));
        return ended;
      }
      override isListed(record: SessionRecord, userId: string, now: number) {
        return this.lists.get(userId)?.has(record.id) === true && super.isListed(record, userId, now);
      }
    },
  ],
  [
    'of rotations under way at once each leaves the session on the list of its user',
    /B-37 I22 of rotations to 20 users/,
    class extends PlainStore {
      readonly owners = new Map<string, Set<string | undefined>>();
      override async update(id: string, change: SessionChange, now: number) {
        if (change.rotate) this.owners.set(id, (this.owners.get(id) ?? new Set()).add(change.rotate.userId));
        return super.update(id, change, now);
      }
      override isListed(record: SessionRecord, userId: string, now: number) {
        return this.owners.get(record.id)?.has(userId) || super.isListed(record, userId, now);
      }
    },
  ],
  [
    'user ids are patterns',
    /wildcards/,
    class extends PlainStore {
      override async listByUser(userId: string, now: number) {
        return userId.includes('*') ? [] : super.listByUser(userId, now);
      }
    },
  ],
  [
    'the epoch goes back',
    /B-42 never goes back/,
    class extends PlainStore {
      override async raiseEpoch(userId: string, now: number) {
        this.epochs.set(userId, now);
      }
    },
  ],
  [
    'the epoch is read in one step and raised in another',
    /B-42 of 20 raises/,
    class extends PlainStore {
      override async raiseEpoch(userId: string, now: number) {
        const epoch = await this.epoch(userId);
        this.epochs.set(userId, Math.max(now, epoch));
      }
    },
  ],
  [
    'there is one epoch for all',
    /B-42 is each user/,
    class extends PlainStore {
      override async raiseEpoch(_: string, now: number) {
        return super.raiseEpoch('all', now);
      }
      override async epoch() {
        return super.epoch('all');
      }
    },
  ],
  [
    'a sweep removes what is alive',
    /B-49 removes what has expired and nothing else/,
    class extends PlainStore {
      override isSwept(record: SessionRecord, now: number) {
        return record.expiresAt <= now + 7_200_000;
      }
    },
  ],
  [
    'a sweep judges by the end that a record was created with',
    /B-49 a record that was (touched|updated) since/,
    class extends PlainStore {
      readonly ends = new Map<string, number>();
      override copyIn(record: SessionRecord) {
        this.ends.set(record.id, record.expiresAt);
        return super.copyIn(record);
      }
      override isSwept(record: SessionRecord, now: number) {
        return this.ends.get(record.id)! <= now;
      }
    },
  ],
  [
    'a sweep takes more than it is asked to',
    /B-49 removes at most/,
    class extends PlainStore {
      override async sweep(now: number) {
        return super.sweep(now, 1_000);
      }
    },
  ],
  [
    'a sweep does not say how many',
    /says how many/,
    class extends PlainStore {
      override async sweep(now: number, limit: number) {
        await super.sweep(now, limit);
        return 0;
      }
    },
  ],
  [
    'a sweep removes nothing, and only says so',
    /does not merely hide/,
    class extends PlainStore {
      readonly hidden = new Set<string>();
      override async sweep(now: number, limit: number) {
        const found = [...this.records.values()].filter(
          (record) => !this.hidden.has(record.id) && record.expiresAt <= now,
        );
        for (const { id } of found.slice(0, limit)) this.hidden.add(id);
        return Math.min(found.length, limit);
      }
    },
  ],
  [
    'a sweep looks in one step and removes in another',
    /B-49 no record goes whose touch|B-49 sweeps at once/,
    class extends PlainStore {
      override async sweep(now: number, limit: number) {
        const expired = [...this.records.values()].filter((record) => record.expiresAt <= now).slice(0, limit);
        await meanwhile();
        for (const { id } of expired) this.records.delete(id);
        return expired.length;
      }
    },
  ],
  [
    '`<` instead of `<=` in a sweep',
    /B-43 removes what ends at that very millisecond/,
    class extends PlainStore {
      override isSwept(record: SessionRecord, now: number) {
        return record.expiresAt < now;
      }
    },
  ],
  [
    'ping rejects',
    /ping resolves/,
    class extends PlainStore {
      override async ping() {
        throw new Error('down');
      }
    },
  ],
  [
    'it declares less than it has',
    /declarations is listable/,
    class extends PlainStore {
      override guarantees = { atomicUpdate: true, oneLiveToken: true, revocable: true, listable: false };
    },
  ],
];

/** What is wrong about two stores on one engine, the tests meant to notice it, and a maker of such stores. */
type SharedMutant = readonly [what: string, caughtBy: RegExp, storeOn: (engine: PlainStore) => SessionStore];

const SHARED_MUTANTS: readonly SharedMutant[] = [
  ['each store keeps its own sessions', /I19 finds what the first has stored/, () => new PlainStore()],
  [
    'reads come out of a cache of this process',
    /I2 C-1 what one has ended|C-13 both find|I12 I13 what one has rotated/,
    ({ epochs, records }) =>
      new (class extends PlainStore {
        readonly cache = new Map<string, SessionRecord>();
        override async read(id: string, now: number) {
          const cached = this.cache.get(id) ?? (await super.read(id, now));
          if (cached) this.cache.set(id, cached);
          return cached && this.isLive(cached, now) ? this.copyOut(cached) : undefined;
        }
        override put(record: SessionRecord) {
          this.cache.delete(record.id);
          super.put(record);
        }
        override async delete(id: string, expect?: Expectation) {
          this.cache.delete(id);
          return super.delete(id, expect);
        }
        override async sweep(now: number, limit: number) {
          this.cache.clear();
          return super.sweep(now, limit);
        }
      })(records, epochs),
  ],
  [
    'writes take turns by a lock that only this process knows',
    /B-27 I6 50 changes|I7 of 20 updates|B-39 I12 of 20/,
    ({ epochs, records }) =>
      new (class extends PlainStore {
        turn: Promise<unknown> = Promise.resolve();
        override async update(id: string, change: SessionChange, now: number) {
          const result = this.turn.then(async () => {
            const record = this.live(id, now);
            await meanwhile();
            if (!record || !this.records.has(id)) return 'gone' as const;
            if (!this.holds(record, change.expect)) return 'conflict' as const;
            this.put(this.changed(record, change));
            return 'ok' as const;
          });
          this.turn = result;
          return result;
        }
      })(records, epochs),
  ],
  [
    'what was deleted is remembered by the process that did it, and put back by the other',
    /B-32 I2 C-1 after a delete that raced|I2 C-1 what one has ended/,
    ({ epochs, records }) =>
      new (class extends PlainStore {
        readonly seen = new Map<string, SessionRecord>();
        override async read(id: string, now: number) {
          const found = await super.read(id, now);
          if (found) this.seen.set(id, found);
          return found;
        }
        override async touch(id: string, expiresAt: number, now: number, expect: Expectation) {
          const seen = this.seen.get(id);
          if (seen && !this.records.has(id)) this.put(seen);
          return super.touch(id, expiresAt, now, expect);
        }
        override async delete(id: string, expect?: Expectation) {
          this.seen.delete(id);
          return super.delete(id, expect);
        }
      })(records, epochs),
  ],
  [
    'each store lists the sessions that it has stored itself',
    /I22 lists what the other has stored/,
    ({ epochs, records }) =>
      new (class extends PlainStore {
        readonly own = new Set<string>();
        override put(record: SessionRecord) {
          this.own.add(record.id);
          super.put(record);
        }
        override isListed(record: SessionRecord, userId: string, now: number) {
          return this.own.has(record.id) && super.isListed(record, userId, now);
        }
      })(records, epochs),
  ],
  [
    'each store has epochs of its own',
    /B-42 knows the epoch that the other has raised/,
    ({ records }) => new PlainStore(records),
  ],
  [
    'each store counts what both have swept',
    /B-49 sweeps of both at once/,
    ({ epochs, records }) =>
      new (class extends PlainStore {
        turn: Promise<unknown> = Promise.resolve();
        override async sweep(now: number, limit: number) {
          const result = this.turn.then(async () => {
            const expired = [...this.records.values()].filter((one) => this.isSwept(one, now)).slice(0, limit);
            await Promise.resolve();
            for (const { id } of expired) this.records.delete(id);
            return expired.length;
          });
          this.turn = result;
          return result;
        }
      })(records, epochs),
  ],
];

interface CollectedTest {
  readonly title: string;
  readonly run: () => Promise<void>;
}

/** Collects tests instead of running them: a runner of a runner. */
function collect(make: () => Promise<ContractSubject>, options?: ContractOptions, hooks = ['beforeAll', 'afterAll']) {
  const path: string[] = [];
  const tests: CollectedTest[] = [];
  const [before, after]: (() => Promise<void>)[][] = [[], []];
  const runner = {
    describe(name: string, body: () => void) {
      path.push(name);
      body();
      path.pop();
    },
    it: (name: string, run: () => Promise<void>) => tests.push({ title: [...path, name].slice(1).join(' '), run }),
    [hooks[0]!]: (hook: () => Promise<void>) => before!.push(hook),
    [hooks[1]!]: (hook: () => Promise<void>) => after!.push(hook),
  };
  describeSessionStore('A store', make, runner, options);
  return { tests, begin: () => callAll(before!), end: () => callAll(after!) };
}

async function callAll(hooks: readonly (() => Promise<void>)[]): Promise<void> {
  for (const hook of hooks) await hook();
}

/** The titles of the tests that fail, of those that match. */
async function failuresOf(store: SessionStore, matching = /./, options?: ContractOptions): Promise<string[]> {
  const { begin, tests } = collect(async () => ({ store }), options);
  await begin();
  const failures: string[] = [];
  for (const { run, title } of tests.filter((test) => matching.test(test.title))) {
    await run().catch(() => failures.push(title));
  }
  return failures;
}

describe('describeSessionStore', () => {
  it('has no quarrel with a correct store', async () => {
    expect(await failuresOf(new PlainStore())).toEqual([]);
    expect(await failuresOf(new MemorySessionStore(), /./, { without: ['pingable'] })).toEqual([]);
  });

  it('has no quarrel with two correct stores on one engine', async () => {
    const engine = new PlainStore();
    const another = async () => ({ store: new PlainStore(engine.records, engine.epochs) });
    expect(await failuresOf(engine, /./, { another })).toEqual([]);
  });

  it('accepts a store that cannot tell gone from conflict', async () => {
    const store = new (class extends PlainStore {
      override async update(id: string, change: SessionChange, now: number) {
        return (await super.update(id, change, now)) === 'ok' ? ('ok' as const) : ('conflict' as const);
      }
      override async touch(id: string, expiresAt: number, now: number, expect: Expectation) {
        return (await super.touch(id, expiresAt, now, expect)) === 'ok' ? ('ok' as const) : ('conflict' as const);
      }
    })();
    expect(await failuresOf(store)).toEqual([]);
  });

  it.each(MUTANTS)('notices when %s', async (_, caughtBy, Store) => {
    expect(await failuresOf(new Store(), caughtBy)).not.toEqual([]);
  });

  it.each(SHARED_MUTANTS)('notices when %s', async (_, caughtBy, storeOn) => {
    const engine = new PlainStore();
    const another = async () => ({ store: storeOn(engine) });
    expect(await failuresOf(storeOn(engine), caughtBy, { another })).not.toEqual([]);
  });

  it.each(SHARED_MUTANTS)('one store alone would not show that %s', async (_what, _caughtBy, storeOn) => {
    expect(await failuresOf(storeOn(new PlainStore()))).toEqual([]);
  });

  it('has a unique title for every test', () => {
    const make = async () => ({ store: new PlainStore() });
    const titles = collect(make, { another: make }).tests.map(({ title }) => title);
    expect(titles.filter((title, index) => titles.indexOf(title) !== index)).toEqual([]);
  });

  it('says of every part that does not apply that it does not', async () => {
    const store = new (class extends PlainStore {
      override guarantees = { atomicUpdate: false, oneLiveToken: false, revocable: false, listable: false };
    })();
    const without = ['atomicUpdate', 'oneLiveToken', 'revocable', 'listable'] as const;
    const { tests } = collect(async () => ({ store }), { without });
    const titles = tests.map(({ title }) => title).filter((title) => title.includes('does not apply'));
    const alone = titles.filter((title) => title.endsWith('nothing was said of another store on the same engine'));
    expect(alone).toHaveLength(7);
    expect(titles.filter((title) => !title.startsWith('another store'))).toEqual([
      'create, many at once does not apply: not atomic, by its own declaration',
      'update, many at once does not apply: not atomic, by its own declaration',
      'expectations, many at once does not apply: not atomic, by its own declaration',
      'touch, many at once does not apply: not atomic, by its own declaration',
      'rotation, many at once does not apply: not atomic, by its own declaration',
      'rotation, many at once does not apply: not limited to one live token, by its own declaration',
      'delete, many at once does not apply: not atomic, by its own declaration',
      'delete, many at once does not apply: not revocable, by its own declaration',
      'sessions of a user does not apply: not listable, by its own declaration',
      'sessions of a user, many at once does not apply: not listable, by its own declaration',
      'sessions of a user, many at once does not apply: not atomic, by its own declaration',
      'epoch of a user does not apply: not listable, by its own declaration',
    ]);
    expect(await failuresOf(store, /./, { without })).toEqual([]);
  });

  it('fails when a store lacks a part that nobody said it lacks', async () => {
    expect(await failuresOf(new MemorySessionStore(), /declarations/)).toEqual([
      'declarations is pingable, by its own declaration',
    ]);
  });

  it('fails when a store has a part that it is said to lack', async () => {
    const without = ['sweepable', 'revocable'] as const;
    expect(await failuresOf(new PlainStore(), /declarations/, { without })).toEqual([
      'declarations not revocable, by its own declaration',
      'declarations not sweepable, by its own declaration',
    ]);
  });

  it.each([
    ['Jest and Vitest', ['beforeAll', 'afterAll']],
    ['node:test', ['before', 'after']],
  ])('makes one store for all tests and lets go of it, with the hooks of %s', async (_, hooks) => {
    let [made, closed] = [0, 0];
    const make = async () => {
      made++;
      return { store: new PlainStore(), close: () => void closed++ };
    };
    const { begin, end, tests } = collect(make, {}, hooks);
    expect(made).toBe(0);
    await begin();
    await Promise.all(tests.slice(0, 10).map(({ run }) => run()));
    await end();
    expect([made, closed]).toEqual([1, 1]);
  });

  it('refuses a runner without hooks', () => {
    const runner = { describe: () => {}, it: () => {} };
    expect(() => describeSessionStore('A store', async () => ({ store: new PlainStore() }), runner)).toThrow(
      /needs the hooks of the test runner: beforeAll and afterAll/,
    );
  });
});
