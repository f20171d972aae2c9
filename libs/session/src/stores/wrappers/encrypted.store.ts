import { holds } from '../../core/record.change.js';
import type { SessionRecord } from '../../core/record.js';
import { secretsOf } from '../../core/secrets.js';
import {
  type Expectation,
  isUserIndex,
  type SessionChange,
  type SessionStore,
  type SessionStoreGuarantees,
  type TextChanges,
  type UpdateResult,
} from '../../core/store.js';
import { capabilitiesOf, checkStore } from './capabilities.js';
import { type SessionSeal, type TextKind, TextSeals } from './text.seal.js';

/**
 * What a field that cannot be opened reads as. No encoded value begins like this, so the core takes it for corrupt: it
 * tells the event, and the field reads as absent. Long enough that nothing of what follows is quoted in the error.
 */
const UNREADABLE = '!cannot be opened: ';
/** How often a write is tried whose field is sealed anew, with the same value, at that very moment. */
const ATTEMPTS = 5;

/**
 * Encrypts what sessions hold, with AES-256-GCM, before a store gets it: whoever reads the database, a backup or the wire
 * to them learns of a session its id, user, field names, sizes and times, and no value. Everything the store can do, it
 * can do through this.
 *
 * `keys`: at least 32 random bytes each, or a list. The first seals and all open, and what is written is sealed with the
 * first; so put a new one in front, and drop the old one when the sessions of its time are over, `absoluteTimeout` later.
 * A field whose key is gone, or that somebody changed or moved to another field or session, reads as absent and is told as
 * a `corrupt` event; the session itself lives. Fields that were stored before there was a key count as such.
 *
 * What it does not keep from somebody who can write to the database: putting back an older value of the same field of
 * the same session, removing fields, and changing what is not sealed, such as the user of a session.
 *
 * ```ts
 * encrypted(new RedisSessionStore(client), process.env.SESSION_KEY)
 * ```
 *
 * @throws SessionConfigError for keys that are too short, and for what is not a store.
 */
export function encrypted(store: SessionStore, keys: string | readonly string[]): SessionStore {
  return new EncryptedSessionStore(store, keys);
}

class EncryptedSessionStore implements SessionStore {
  readonly guarantees: SessionStoreGuarantees;
  readonly #seals: TextSeals;

  constructor(
    private readonly store: SessionStore,
    keys: string | readonly string[],
  ) {
    checkStore('The first argument of encrypted()', store);
    this.#seals = new TextSeals(secretsOf('encrypted(): keys', keys));
    this.guarantees = store.guarantees;
    Object.assign(this, capabilitiesOf(store));
    if (!isUserIndex(store)) return;
    Object.assign(this, {
      listByUser: async (userId: string, now: number) => {
        return (await store.listByUser(userId, now)).map((record) => this.#open(record));
      },
    });
  }

  create(record: SessionRecord): Promise<boolean> {
    const seal = this.#seals.of(record.id);
    const fields = sealed(seal, 'field', record.fields);
    const meta = sealed(seal, 'meta', record.meta);
    return this.store.create({ ...record, fields, meta });
  }

  async read(id: string, now: number): Promise<SessionRecord | undefined> {
    const record = await this.store.read(id, now);
    return record && this.#open(record);
  }

  update(id: string, change: SessionChange, now: number): Promise<UpdateResult> {
    const seal = this.#seals.of(id);
    const fields = change.fields && sealed(seal, 'field', change.fields);
    const meta = change.meta && sealed(seal, 'meta', change.meta);
    return this.#expecting(id, change.expect, now, (expect) => {
      return this.store.update(id, { ...change, fields, meta, expect }, now);
    });
  }

  touch(id: string, expiresAt: number, now: number, expect: Expectation): Promise<UpdateResult> {
    return this.#expecting(id, expect, now, (sealedExpect) => this.store.touch(id, expiresAt, now, sealedExpect));
  }

  async delete(id: string, expect?: Expectation): Promise<boolean> {
    if (!expect?.fields) return this.store.delete(id, expect);
    const result = await this.#expecting(id, expect, 0, async (sealedExpect) => {
      return (await this.store.delete(id, sealedExpect)) ? 'ok' : 'conflict';
    });
    return result === 'ok';
  }

  /**
   * A value has another text each time it is sealed, so the store cannot compare what a write expects of a field. That is
   * done here, and the store is told to expect the very texts that were looked at: one step again. One more read, for
   * `session.update()` alone; nonces derived from the value would save it, but show which values are the same.
   */
  async #expecting(
    id: string,
    expect: Expectation,
    now: number,
    write: (expect: Expectation) => Promise<UpdateResult>,
  ): Promise<UpdateResult> {
    const { fields } = expect;
    if (!fields) return write(expect);
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const record = await this.store.read(id, now);
      if (!record) return 'gone';
      if (!holds(this.#open(record), expect)) return 'conflict';
      const looked = [...fields.keys()].map((name) => [name, record.fields.get(name) ?? null] as const);
      const result = await write({ ...expect, fields: new Map(looked) });
      if (result !== 'conflict') return result;
    }
    return 'conflict';
  }

  #open(record: SessionRecord): SessionRecord {
    const seal = this.#seals.of(record.id);
    const fields = [...record.fields].map(([name, text]) => {
      return [name, seal.open('field', name, text) ?? UNREADABLE + text] as const;
    });
    // The core has a safe reading for each of its own texts that is not there.
    const meta = [...record.meta].flatMap(([name, text]) => {
      const opened = seal.open('meta', name, text);
      return opened === undefined ? [] : [[name, opened] as const];
    });
    return { ...record, fields: new Map(fields), meta: new Map(meta) };
  }
}

function sealed(seal: SessionSeal, kind: TextKind, texts: ReadonlyMap<string, string>): Map<string, string>;
function sealed(seal: SessionSeal, kind: TextKind, texts: TextChanges): Map<string, string | null>;
function sealed(seal: SessionSeal, kind: TextKind, texts: TextChanges): Map<string, string | null> {
  return new Map([...texts].map(([name, text]) => [name, text === null ? null : seal.seal(kind, name, text)]));
}
