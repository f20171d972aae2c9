import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { SessionRecord } from '../../core/record.js';
import { isSessionId } from '../../core/token.js';

/** The first byte says how the rest is written. */
const PLAIN = 0;
const DEFLATED = 1;

/** Beyond this nothing is sealed and nothing inflated, although only our own seals get that far. Bytes. */
export const MAX_PLAIN = 262_144;

/** Name and length of each text, in turn. */
type Index = readonly (string | number)[];

type Head = readonly [
  id: string,
  userId: string | null,
  generation: number,
  version: number,
  createdAt: number,
  authenticatedAt: number | null,
  expiresAt: number,
  absoluteExpiresAt: number,
  fields: Index,
  meta: Index,
];

/**
 * The bytes of a record: one line of JSON, and behind it the texts as they are. They are JSON already, and quoting
 * them once more would cost a fifth of the room.
 */
export function encodeRecord(record: SessionRecord, compress: boolean): Buffer {
  const { absoluteExpiresAt, authenticatedAt, createdAt, expiresAt, fields, generation, id, meta, userId, version } =
    record;
  const head: Head = [
    id,
    userId ?? null,
    generation,
    version,
    createdAt,
    authenticatedAt ?? null,
    expiresAt,
    absoluteExpiresAt,
    indexOf(fields),
    indexOf(meta),
  ];
  let text = `${String.fromCharCode(PLAIN)}${JSON.stringify(head)}\n`;
  for (const part of fields.values()) text += part;
  for (const part of meta.values()) text += part;
  const plain = Buffer.from(text);
  return compress && plain.length <= MAX_PLAIN ? deflated(plain) : plain;
}

/** Compressed, if that makes it shorter. */
function deflated(plain: Buffer): Buffer {
  const body = deflateRawSync(plain.subarray(1));
  return body.length + 1 < plain.length ? Buffer.concat([Buffer.of(DEFLATED), body]) : plain;
}

/** The record, under the name that its seal is bound to. Throws for bytes that `encodeRecord` has not made. */
export function decodeRecord(bytes: Buffer, name: string): SessionRecord {
  const text = textOf(bytes);
  const end = text.indexOf('\n');
  const head = JSON.parse(text.slice(0, end)) as Head;
  if (!isHead(head)) throw new TypeError('A seal holds something that is not a session.');
  const [id, userId, generation, version, createdAt, authenticatedAt, expiresAt, absoluteExpiresAt] = head;
  const { end: middle, texts: fields } = textsAt(text, end + 1, head[8]);
  const { texts: meta } = textsAt(text, middle, head[9]);
  return {
    id,
    name,
    secretHash: '',
    generation,
    version,
    fields,
    meta,
    userId: userId ?? undefined,
    createdAt,
    authenticatedAt: authenticatedAt ?? undefined,
    expiresAt,
    absoluteExpiresAt,
  };
}

function textOf(bytes: Buffer): string {
  const body = bytes.subarray(1);
  if (bytes[0] === PLAIN) return body.toString();
  if (bytes[0] === DEFLATED) return inflateRawSync(body, { maxOutputLength: MAX_PLAIN }).toString();
  throw new TypeError('A seal holds something that is written in no way known here.');
}

function indexOf(texts: ReadonlyMap<string, string>): Index {
  const index: (string | number)[] = [];
  for (const [name, text] of texts) index.push(name, text.length);
  return index;
}

function textsAt(text: string, start: number, index: Index): { texts: Map<string, string>; end: number } {
  const texts = new Map<string, string>();
  let end = start;
  for (let entry = 0; entry < index.length; entry += 2) {
    const from = end;
    end += Number(index[entry + 1]);
    texts.set(String(index[entry]), text.slice(from, end));
  }
  return { texts, end };
}

function isHead(head: Head): boolean {
  const [id, userId, generation, version, createdAt, authenticatedAt, expiresAt, absoluteExpiresAt, fields, meta] =
    head;
  return (
    isSessionId(id) &&
    (userId === null || typeof userId === 'string') &&
    [generation, version, createdAt, authenticatedAt ?? 0, expiresAt, absoluteExpiresAt].every(Number.isFinite) &&
    [fields, meta].every(Array.isArray)
  );
}
