import type { SessionRecord } from '../../core/record.js';
import type { Expectation, SessionChange, TextChanges } from '../../core/store.js';

/** Apart from the properties of the record, and from each other: a field may be called `version`, or `m:idle`. */
const FIELD = 'f:';
const META = 'm:';

type Entry = readonly [name: string, text: string | null];

/** A record as names and texts, in turn. It holds its own id, so that a driver that mixes up replies is found out. */
export function toHash(record: SessionRecord): string[] {
  const { fields, meta, ...properties } = record;
  return setBy([...entriesOf(properties), ...prefixed(FIELD, fields), ...prefixed(META, meta)]);
}

/** `undefined` for no hash, and for one that is not a session. Clients may be set to give texts as Buffers. */
export function toRecord(hash: readonly unknown[]): SessionRecord | undefined {
  const fields = new Map<string, string>();
  const meta = new Map<string, string>();
  const properties = new Map<string, string>();
  for (let index = 0; index < hash.length; index += 2) {
    const [name, text] = [String(hash[index]), String(hash[index + 1])];
    if (name.startsWith(FIELD)) fields.set(name.slice(FIELD.length), text);
    else if (name.startsWith(META)) meta.set(name.slice(META.length), text);
    else properties.set(name, text);
  }
  if (!properties.has('expiresAt')) return undefined;
  const text = (name: keyof SessionRecord): string => properties.get(name) ?? '';
  const number = (name: keyof SessionRecord): number => Number(properties.get(name));
  return {
    id: text('id'),
    name: text('name'),
    secretHash: text('secretHash'),
    generation: number('generation'),
    version: number('version'),
    fields,
    meta,
    userId: properties.get('userId'),
    createdAt: number('createdAt'),
    authenticatedAt: properties.has('authenticatedAt') ? number('authenticatedAt') : undefined,
    expiresAt: number('expiresAt'),
    absoluteExpiresAt: number('absoluteExpiresAt'),
  };
}

/** What a change sets, as names and texts in turn, and the names that it removes. */
export function changesOf({ fields, meta, rotate }: SessionChange): { set: string[]; unset: string[] } {
  const entries = [...entriesOf(rotate ?? {}), ...prefixed(FIELD, fields), ...prefixed(META, meta)];
  return { set: setBy(entries), unset: entries.flatMap(([name, text]) => (text === null ? [name] : [])) };
}

/** What must be so, as names and conditions in turn: `=` and the text, or nothing for a name that must not be there. */
export function conditionsOf({ fields, ...properties }: Expectation): string[] {
  const expected = entriesOf(properties).filter(([, text]) => text !== null);
  return [...expected, ...prefixed(FIELD, fields)].flatMap(([name, text]) => [name, text === null ? '' : `=${text}`]);
}

function setBy(entries: readonly Entry[]): string[] {
  return entries.flatMap(([name, text]) => (text === null ? [] : [name, text]));
}

function entriesOf(properties: object): Entry[] {
  return Object.entries(properties).map(([name, value]) => [name, value === undefined ? null : String(value)]);
}

function prefixed(prefix: string, texts: TextChanges = new Map()): Entry[] {
  return Array.from(texts, ([name, text]) => [prefix + name, text]);
}
