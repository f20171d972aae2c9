import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';

const ALGORITHM = 'aes-256-gcm';
const VERSION = 's1';
/** What a key is for: one derived from the same secret for anything else is another key. */
const PURPOSE = 'nest-sessions at rest v1';

// Bytes. The id of a key is whole groups of base64url.
const KEY = 32;
const KEY_ID = 6;
const NONCE = 12;
const TAG = 16;

/** Whether a text is one of the application's or one of the core's: neither can be put in the place of the other. */
export type TextKind = 'field' | 'meta';

interface MasterKey {
  readonly id: string;
  readonly secret: KeyObject;
}

/** The keys, made ready when the application starts. */
export class TextSeals {
  readonly #first: MasterKey;
  readonly #byId: ReadonlyMap<string, MasterKey>;

  /** `secrets`: the first seals, all open. */
  constructor(secrets: readonly string[]) {
    const keys = secrets.map(masterKey);
    this.#first = keys[0]!;
    this.#byId = new Map(keys.map((key) => [key.id, key]));
  }

  of(sessionId: string): SessionSeal {
    return new SessionSeal(sessionId, this.#first, this.#byId);
  }
}

/**
 * Seals the texts of one session: `s1.<key id>.<nonce, ciphertext and tag>`. Each session has a key of its own, derived
 * from the master key and its id, so that the 2^32 random nonces which NIST SP 800-38D, 8.3, allows a key are never used
 * up. The additional data binds a text to key, session, kind and name: moved anywhere else it does not open.
 */
export class SessionSeal {
  readonly #keys = new Map<MasterKey, Buffer>();

  constructor(
    private readonly sessionId: string,
    private readonly first: MasterKey,
    private readonly byId: ReadonlyMap<string, MasterKey>,
  ) {}

  seal(kind: TextKind, name: string, text: string): string {
    const nonce = randomBytes(NONCE);
    const cipher = createCipheriv(ALGORITHM, this.#keyOf(this.first), nonce, { authTagLength: TAG });
    cipher.setAAD(this.#boundTo(this.first, kind, name));
    const sealed = Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
    return `${VERSION}.${this.first.id}.${sealed.toString('base64url')}`;
  }

  /** `undefined`: it was sealed with a key that is not there, for another place, or not at all; or it was changed. */
  open(kind: TextKind, name: string, text: string): string | undefined {
    const [version, keyId, sealed = ''] = text.split('.');
    const key = this.byId.get(keyId ?? '');
    if (version !== VERSION || !key) return undefined;
    const bytes = Buffer.from(sealed, 'base64url');
    if (bytes.length < NONCE + TAG) return undefined;
    return decrypt(this.#keyOf(key), this.#boundTo(key, kind, name), bytes);
  }

  #keyOf(master: MasterKey): Buffer {
    const known = this.#keys.get(master);
    if (known) return known;
    const key = createHmac('sha256', master.secret).update(this.sessionId).digest();
    this.#keys.set(master, key);
    return key;
  }

  /** As JSON, so that no two places have the same. */
  #boundTo({ id }: MasterKey, kind: TextKind, name: string): Buffer {
    return Buffer.from(JSON.stringify([PURPOSE, id, this.sessionId, kind, name]));
  }
}

/** The id of a key is derived from it: it tells nothing of the key, and nobody has to think of one. */
function masterKey(secret: string): MasterKey {
  // The secret has 32 bytes or more, so nothing is to be stretched (RFC 5869, 3.3), and this runs once.
  const derived = Buffer.from(hkdfSync('sha256', secret, '', PURPOSE, KEY + KEY_ID));
  return { id: derived.subarray(KEY).toString('base64url'), secret: createSecretKey(derived.subarray(0, KEY)) };
}

function decrypt(key: Buffer, boundTo: Buffer, bytes: Buffer): string | undefined {
  const end = bytes.length - TAG;
  const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(0, NONCE), { authTagLength: TAG });
  decipher.setAAD(boundTo).setAuthTag(bytes.subarray(end));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(NONCE, end)), decipher.final()]).toString('utf8');
  } catch {
    return undefined;
  }
}
