import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import fs from 'node:fs/promises';
import type { SessionRecord } from '../../core/record.js';
import { codeOf } from './file.errors.js';

const FORMAT = 'nest-sessions';
const VERSION = 1;
const HEADER = /^nest-sessions (\d{1,9}) ([0-9a-f]{64})\n/;
/** Longer than any header. */
const HEADER_BYTES = 100;

/** What is in a file that is not, or no longer, a record. */
export class DamagedRecordError extends Error {}

/** A record without its end, which is in the name of the head file. */
type StoredRecord = Omit<SessionRecord, 'expiresAt'>;

/**
 * A line with format, version and checksum, then JSON. Texts are pairs, not properties, so that `__proto__` is a name
 * like any other. The checksum covers the version too: no byte can change unnoticed.
 */
export function encodeRecord(record: SessionRecord): string {
  const { fields, meta } = record;
  const payload = JSON.stringify({ ...record, expiresAt: undefined, fields: [...fields], meta: [...meta] });
  return `${FORMAT} ${VERSION} ${checksum(VERSION, payload)}\n${payload}`;
}

/** @throws DamagedRecordError unless it is what was written, to the last byte. */
export function decodeRecord(bytes: Buffer): StoredRecord {
  // latin1: one character a byte, so that the header's length is its length in bytes.
  const header = HEADER.exec(bytes.toString('latin1', 0, HEADER_BYTES));
  if (!header) throw new DamagedRecordError('it does not begin as a session file does');
  const version = Number(header[1]);
  const payload = bytes.subarray(header[0].length);
  if (checksum(version, payload) !== header[2]) throw new DamagedRecordError('its checksum is wrong');
  if (version !== VERSION) {
    // Whole, but of another release: during a deploy both may run. Not ours to put away.
    throw new Error(`A session file has format ${version}; this release of nest-sessions reads format ${VERSION}.`);
  }
  const { fields, meta, ...record } = JSON.parse(payload.toString()) as StoredRecord & Record<'fields' | 'meta', []>;
  return { ...record, fields: new Map(fields), meta: new Map(meta) };
}

/**
 * The record in a file; `undefined` if there is none.
 *
 * A symbolic link in its place is not followed, and nothing but a regular file is read; NONBLOCK, because opening a
 * FIFO would otherwise wait for a writer, in one of the few threads that all file operations share.
 */
export async function readRecordFile(path: string): Promise<StoredRecord | undefined> {
  const bytes = await readRegularFile(path);
  return bytes && decodeRecord(bytes);
}

async function readRegularFile(path: string): Promise<Buffer | undefined> {
  const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
  let handle: fs.FileHandle;
  try {
    handle = await fs.open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    if (codeOf(error) === 'ELOOP') throw new DamagedRecordError('it is a symbolic link');
    throw error;
  }
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) throw new DamagedRecordError('it is not a regular file');
    const bytes = Buffer.allocUnsafe(stats.size);
    const { bytesRead } = await handle.read(bytes, 0, stats.size, 0);
    return bytes.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

function checksum(version: number, payload: string | Buffer): string {
  return createHash('sha256').update(`${FORMAT} ${version}\n`).update(payload).digest('hex');
}
