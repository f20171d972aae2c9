import { isDeepStrictEqual } from 'node:util';
import { SessionConfigError, SessionTooLargeError } from '../../core/errors.js';
import { Recent } from '../../core/recent.js';
import type { SessionRecord } from '../../core/record.js';
import type { OpenedSeal, SealContext, SealedBackend } from '../../core/sealed.js';
import type { SessionStore, SessionStoreGuarantees } from '../../core/store.js';
import { sizeOf } from '../../core/texts.js';
import type { TokenFault } from '../../core/token.js';
import { checkReplay, type CookieSessionStoreOptions, type CookieSettings, resolveOptions } from './cookie.options.js';
import { decodeRecord, encodeRecord } from './record.text.js';
import { SealCipher } from './seal.cipher.js';

/** What a transport that names no limit is taken to carry: a cookie's worth. Bytes. */
const COOKIE = 4_096;
/** Some six hundred sessions of a kilobyte. Characters of seals and of what is in them. */
const RECENT = 2_000_000;

/**
 * Keeps a session in its own cookie, encrypted and authenticated, and nothing on the server:
 *
 * ```ts
 * SessionModule.forRoot(new CookieSessionStore({ keys, revocations: new RedisSessionStore(client) }));
 * SessionModule.forRoot(new CookieSessionStore({ keys, acceptReplayFor: '90d' }));
 * ```
 *
 * A change writes the whole cookie anew. Of two answers that are under way at once, the one that arrives last wins, in
 * all fields, and `session.update()` is no more than a read and a write. Sessions cannot be listed. An older cookie of
 * the same session, copied, brings its older data back; keep nothing here that must not be had twice.
 */
export class CookieSessionStore implements SealedBackend {
  readonly guarantees: SessionStoreGuarantees;
  readonly revocations: SessionStore | undefined;
  readonly chunks: number;
  readonly #settings: CookieSettings;
  readonly #recent = new Recent<OpenedSeal>(RECENT);
  #context: SealContext | undefined;
  #cipher: SealCipher | undefined;

  /** @throws SessionConfigError for wrong options, and for neither `revocations` nor `acceptReplayFor`. */
  constructor(options: CookieSessionStoreOptions = {}) {
    this.#settings = resolveOptions(options);
    const { chunks, revocations } = this.#settings;
    this.revocations = revocations;
    this.chunks = chunks;
    const remembers = revocations !== undefined;
    this.guarantees = { atomicUpdate: false, oneLiveToken: remembers, revocable: remembers, listable: false };
  }

  prepare(context: SealContext): void {
    if (this.#context && !isDeepStrictEqual(context, this.#context)) {
      throw new SessionConfigError(
        `CookieSessionStore: one and the same instance was given to the session '${this.#context.name}' and, with ` +
          `other settings, to '${context.name}'. Make one for each.`,
      );
    }
    const { carrier = '', longestLife, name } = context;
    const { keys = context.keys } = this.#settings;
    if (keys.length === 0) {
      throw new SessionConfigError(
        'CookieSessionStore: there is no key to encrypt with. Pass one, { keys: [process.env.SESSION_KEY] }, of at ' +
          'least 32 random bytes, from "openssl rand -base64 32" say.',
      );
    }
    checkReplay(this.#settings, longestLife);
    this.#context = context;
    this.#cipher = new SealCipher(keys, [name, carrier]);
  }

  /** A seal that was opened a moment ago is not opened again: what is in it does not change. */
  open(text: string): OpenedSeal | TokenFault {
    return this.#recent.get(text) ?? this.#open(text);
  }

  #open(text: string): OpenedSeal | TokenFault {
    const { cipher, context } = this.#prepared();
    const opened = cipher.open(text);
    if (typeof opened === 'string') return opened;
    const { outdated, plain } = opened;
    try {
      const record = decodeRecord(plain, context.name);
      const seal = { record, outdated };
      // Not the plain text's length: compressed, that says nothing of what is in it.
      this.#recent.keep(text, seal, text.length + sizeOf(record.fields) + sizeOf(record.meta));
      return seal;
    } catch {
      return 'malformed';
    }
  }

  seal(record: SessionRecord): string {
    const { cipher, context } = this.#prepared();
    const plain = encodeRecord(record, this.#settings.compress);
    const { capacity = COOKIE } = context;
    const size = SealCipher.lengthOf(plain.length);
    if (size > capacity) throw new SessionTooLargeError(size, capacity, 'its cookie can hold', this.#mend());
    return cipher.seal(plain);
  }

  #mend(): string {
    const { chunks, compress } = this.#settings;
    const options = [...(compress ? [] : ['compress: true']), ...(chunks > 1 ? [] : ['chunks: 2'])];
    return options.length > 0
      ? `give CookieSessionStore ${options.join(' or ')}`
      : 'use a store that keeps sessions on the server';
  }

  #prepared(): { cipher: SealCipher; context: SealContext } {
    if (this.#cipher && this.#context) return { cipher: this.#cipher, context: this.#context };
    throw new SessionConfigError('CookieSessionStore: it is used before SessionModule has prepared it.');
  }
}
