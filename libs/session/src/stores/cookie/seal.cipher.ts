import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync, type KeyObject, randomBytes } from 'node:crypto';
import { MAX_CHUNKS } from '../../core/sealed.js';
import type { TokenFault } from '../../core/token.js';

const ALGORITHM = 'aes-256-gcm';
const VERSION = 1;
/** What a key is for: one derived from the same secret for anything else is another key. */
const PURPOSE = `nest-sessions seal v${VERSION}`;

// Bytes. All are whole groups of base64url up to the ciphertext, so the head of a text is the head of its bytes.
const KEY = 32;
const KEY_ID = 5;
const HEAD = 1 + KEY_ID;
const NONCE = 12;
const TAG = 16;
/** How many nonces are drawn at a time. */
const DRAWN = 100;
/** Characters that the head takes. */
const HEAD_LENGTH = (HEAD / 3) * 4;
/** Characters of the shortest seal that holds something. */
const MIN_LENGTH = Math.ceil(((HEAD + NONCE + TAG + 1) * 4) / 3);
/** As much as cookies can hold: what is longer is looked at no further (HARDENING D-13). Characters. */
const MAX_LENGTH = MAX_CHUNKS * 4_096;

/** A key, made ready when the application starts, and what a seal under it begins with. */
interface SealKey {
  readonly secret: KeyObject;
  readonly head: Buffer;
  readonly additionalData: Buffer;
  readonly outdated: boolean;
}

export interface OpenedText {
  readonly plain: Buffer;
  /** Sealed with a key that is no longer the first. */
  readonly outdated: boolean;
}

/**
 * AES-256-GCM. A text is base64url of version, key id, nonce, ciphertext and tag; what else it is bound to is not in it
 * but has to be the same when it is opened.
 *
 * Nonces are random, 96 bits: by NIST SP 800-38D, 8.3, one key may seal 2^32 times before two of the same are more
 * likely than 2^-32. At a thousand seals a second that is 49 days: give a new first `secret` well before.
 */
export class SealCipher {
  readonly #keys: ReadonlyMap<string, SealKey>;
  readonly #first: SealKey;
  readonly #random: (size: number) => Buffer;
  /** Random bytes for the next nonces. */
  #drawn: Buffer = Buffer.alloc(0);

  /** `secrets`: the first seals, all open. `boundTo`: names without line breaks. */
  constructor(secrets: readonly string[], boundTo: readonly string[], random: (size: number) => Buffer = randomBytes) {
    const keys = secrets.map((secret, index) => deriveKey(secret, boundTo, index > 0));
    this.#first = keys[0]!;
    // In reverse, so that of a secret given twice the first counts.
    this.#keys = new Map(keys.toReversed().map((key) => [key.head.toString('base64url'), key]));
    this.#random = random;
  }

  /** The characters that a seal of so many bytes takes. */
  static lengthOf(bytes: number): number {
    return Math.ceil(((HEAD + NONCE + bytes + TAG) * 4) / 3);
  }

  seal(plain: Buffer): string {
    const { additionalData, head, secret } = this.#first;
    const nonce = this.#nonce();
    const cipher = createCipheriv(ALGORITHM, secret, nonce, { authTagLength: TAG }).setAAD(additionalData);
    return Buffer.concat([head, nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]).toString(
      'base64url',
    );
  }

  /** Drawn many at a time: each draw is a call of the system. None is ever given twice. */
  #nonce(): Buffer {
    if (this.#drawn.length === 0) {
      const drawn = this.#random(NONCE * DRAWN);
      // A short read must fail the request: GCM would take any length, and lose its strength (CVE-2021-3538).
      if (drawn.length !== NONCE * DRAWN)
        throw new Error('The random source returned too few bytes to seal a session.');
      this.#drawn = drawn;
    }
    const nonce = this.#drawn.subarray(0, NONCE);
    this.#drawn = this.#drawn.subarray(NONCE);
    return nonce;
  }

  /** Length and key id before any cryptography; one key, so one attempt (HARDENING R-47). */
  open(text: string): OpenedText | TokenFault {
    if (text.length < MIN_LENGTH || text.length > MAX_LENGTH) return 'malformed';
    const key = this.#keys.get(text.slice(0, HEAD_LENGTH));
    if (!key) return 'signature';
    const bytes = Buffer.from(text, 'base64url');
    // Node skips what is not base64url, and bits that are left over: one seal has one text.
    if (bytes.toString('base64url') !== text) return 'malformed';
    const plain = decrypt(key, bytes);
    return plain ? { plain, outdated: key.outdated } : 'signature';
  }
}

function deriveKey(secret: string, boundTo: readonly string[], outdated: boolean): SealKey {
  // The secret has 32 bytes or more, so nothing is to be stretched (RFC 5869, 3.3), and this runs once.
  const derived = Buffer.from(hkdfSync('sha256', secret, '', PURPOSE, KEY + KEY_ID));
  const head = Buffer.concat([Buffer.of(VERSION), derived.subarray(KEY)]);
  const additionalData = Buffer.from([PURPOSE, ...boundTo, head.toString('base64url')].join('\n'));
  return { secret: createSecretKey(derived.subarray(0, KEY)), head, additionalData, outdated };
}

function decrypt({ additionalData, secret }: SealKey, bytes: Buffer): Buffer | undefined {
  const end = bytes.length - TAG;
  const decipher = createDecipheriv(ALGORITHM, secret, bytes.subarray(HEAD, HEAD + NONCE), { authTagLength: TAG })
    .setAAD(additionalData)
    .setAuthTag(bytes.subarray(end));
  // What a forgery throws is for nobody, and to trace where takes V8 longer than to decrypt.
  const { stackTraceLimit } = Error;
  Reflect.set(Error, 'stackTraceLimit', 0);
  try {
    return Buffer.concat([decipher.update(bytes.subarray(HEAD + NONCE, end)), decipher.final()]);
  } catch {
    return undefined;
  } finally {
    Reflect.set(Error, 'stackTraceLimit', stackTraceLimit);
  }
}
