import type { SessionData } from '../core/session.js';
import { SessionMembers, type SessionOwner } from './session.members.js';

/** Own words of `request.session`: as names of fields they are out of its reach. */
const MEMBERS: ReadonlySet<PropertyKey> = new Set(
  Reflect.ownKeys(SessionMembers.prototype).filter((name) => name !== 'constructor'),
);
/** What every object has and no session needs: the ways to pollute a prototype. As fields they are only fields. */
const WITHHELD: ReadonlySet<PropertyKey> = new Set(['__proto__', 'constructor']);

/** A field, by a name that is not taken. */
function isFieldName(name: PropertyKey): name is string {
  return typeof name === 'string' && !MEMBERS.has(name);
}

/**
 * Fields as properties. Nothing else can be put on it: an assignment that could not be saved is refused, which throws in
 * strict code.
 */
const fieldsAsProperties: ProxyHandler<SessionMembers> = {
  get(members, name) {
    if (!isFieldName(name)) return memberOf(members, name);
    const fields = SessionMembers.readable(members);
    if (fields.has(name)) return fields.get(name);
    return WITHHELD.has(name) ? undefined : Reflect.get(Object.prototype, name);
  },
  has(members, name) {
    return isFieldName(name) ? SessionMembers.readable(members).has(name) : MEMBERS.has(name);
  },
  set(members, name, value) {
    const session = isFieldName(name) && SessionMembers.writable(members);
    if (!session) return false;
    // In JSON, which stores for express-session write, it is not there either; no session comes of it.
    if (value === undefined) session.delete(name as string);
    else session.set(name as string, value);
    return true;
  },
  deleteProperty(members, name) {
    const session = isFieldName(name) && SessionMembers.writable(members);
    if (!session) return false;
    session.delete(name as string);
    return true;
  },
  ownKeys(members) {
    return [...SessionMembers.readable(members).keys()].filter(isFieldName);
  },
  getOwnPropertyDescriptor(members, name) {
    const fields = isFieldName(name) && SessionMembers.readable(members);
    if (!fields || !fields.has(name as string)) return undefined;
    return { value: fields.get(name as string), writable: true, enumerable: true, configurable: true };
  },
  defineProperty: () => false,
  setPrototypeOf: () => false,
  preventExtensions: () => false,
};

function memberOf(members: SessionMembers, name: PropertyKey): unknown {
  const member: unknown = Reflect.get(members, name, members);
  return typeof member === 'function' ? member.bind(members) : member;
}

/** Whether a request has a `session` of ours. */
export function hasRequestSession({ session }: { readonly session?: unknown }): boolean {
  return session instanceof SessionMembers;
}

/**
 * Puts the session on a request, as express-session does: `request.session` and `request.sessionID`. `userId` says whom
 * the fields call logged in.
 */
export function putOnRequest(
  request: { session?: unknown },
  { binding, session }: Pick<SessionOwner, 'binding' | 'session'>,
  userId: (fields: SessionData) => string | undefined,
): void {
  let current: unknown;
  const replace = (members: SessionMembers | undefined): void => {
    current = members && new Proxy(members, fieldsAsProperties);
    request.session = current;
  };
  replace(new SessionMembers({ binding, session, userId: () => userId(current as SessionData), replace }));
  Object.defineProperty(request, 'sessionID', {
    get: () => (current as SessionMembers | undefined)?.id,
    configurable: true,
    enumerable: true,
  });
}

/** The session in the manner of express-session: fields are properties, and these methods are not among them. */
export type RequestSession<T extends object = SessionData> = Partial<T> & Omit<SessionMembers, symbol>;
