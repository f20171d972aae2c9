import type { SessionRecord } from '../../core/record.js';
import type { Expectation, SessionChange, TextChanges } from '../../core/store.js';

/** Apart from the properties of the record, and from each other: a field may be called `version`, or `m:idle`. */
const FIELD = 'f:';
const META = 'm:';

/** A record as names and texts, in turn. It holds its own id, so that a driver that mixes up replies is found out. */
export function toHash(record: SessionRecord): string[] {
  const { fields, meta, ...properties } = record;
  return split(properties, fields, meta).set;
}

/** `json`: the hash as a list of names and texts, in turn. `undefined` for one that is not a session. */
export function toRecord(json: string): SessionRecord | undefined {
  const hash = JSON.parse(json) as string[];
  const fields = new Map<string, string>();
  const meta = new Map<string, string>();
  const properties = new Map<string, string>();
  for (let index = 0; index < hash.length; index += 2) {
    const [name, text] = [hash[index]!, hash[index + 1]!];
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
  return split(rotate ?? {}, fields, meta);
}

/** What must be so, as names and conditions in turn: `=` and the text, or nothing for a name that must not be there. */
export function conditionsOf({ fields, ...properties }: Expectation): string[] {
  const conditions: string[] = [];
  for (const [name, value] of Object.entries(properties)) if (value !== undefined) conditions.push(name, `=${value}`);
  fields?.forEach((text, name) => conditions.push(FIELD + name, text === null ? '' : `=${text}`));
  return conditions;
}

function split(properties: object, fields?: TextChanges, meta?: TextChanges): { set: string[]; unset: string[] } {
  const set: string[] = [];
  const unset: string[] = [];
  const put = (name: string, text: string | null): unknown => (text === null ? unset.push(name) : set.push(name, text));
  for (const [name, value] of Object.entries(properties)) put(name, value === undefined ? null : String(value));
  fields?.forEach((text, name) => put(FIELD + name, text));
  meta?.forEach((text, name) => put(META + name, text));
  return { set, unset };
}
