import type { SessionData } from '../core/session.js';
import type { SessionBinding } from './binding.js';
import { FastifySessionMembers } from './fastify-session.members.js';
import { NamedUser } from './named-user.js';
import type { RequestScope } from './scope.js';
import { SessionMembers } from './session.members.js';

/** What every object has and no session needs: the ways to pollute a prototype. As fields they are only fields. */
const WITHHELD: ReadonlySet<PropertyKey> = new Set(['__proto__', 'constructor']);

/**
 * Fields as properties, but for those that have the name of a member. Nothing else can be put on it: an assignment that
 * could not be saved is refused, which throws in strict code.
 */
function fieldsAsProperties(...prototypes: SessionMembers[]): ProxyHandler<SessionMembers> {
  const own = new Set<PropertyKey>(prototypes.flatMap((prototype) => Reflect.ownKeys(prototype)));
  own.delete('constructor');
  const isFieldName = (name: PropertyKey): name is string => typeof name === 'string' && !own.has(name);
  return {
    get(members, name) {
      if (!isFieldName(name)) return memberOf(members, name);
      const fields = SessionMembers.readable(members);
      if (fields.has(name)) return fields.get(name);
      return WITHHELD.has(name) ? undefined : Reflect.get(Object.prototype, name);
    },
    has(members, name) {
      return isFieldName(name) ? SessionMembers.readable(members).has(name) : own.has(name);
    },
    set(members, name, value) {
      return isFieldName(name) && SessionMembers.assign(members, name, value);
    },
    deleteProperty(members, name) {
      return isFieldName(name) && SessionMembers.assign(members, name, undefined);
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
}

function memberOf(members: SessionMembers, name: PropertyKey): unknown {
  const member: unknown = Reflect.get(members, name, members);
  return typeof member === 'function' ? member.bind(members) : member;
}

const ON_EXPRESS = { Members: SessionMembers, handler: fieldsAsProperties(SessionMembers.prototype) };
const ON_FASTIFY = {
  Members: FastifySessionMembers,
  handler: fieldsAsProperties(SessionMembers.prototype, FastifySessionMembers.prototype),
};

/** Whether a request has a `session` of ours. */
export function hasRequestSession({ session }: { readonly session?: unknown }): boolean {
  return session instanceof SessionMembers;
}

/** A request that is to have a session in the manner of express-session, and what is known of it. */
export interface RequestSessionPlace {
  readonly request: { session?: unknown; readonly raw?: object };
  readonly scope: RequestScope;
  readonly binding: SessionBinding;
}

/**
 * Puts the session on a request, as express-session does: `request.session` and `request.sessionID`. `userId` says whom
 * the fields call logged in.
 */
export async function putOnRequest(
  { binding, request, scope }: RequestSessionPlace,
  userId: (fields: SessionData) => string | undefined,
): Promise<void> {
  const { Members, handler } = request.raw ? ON_FASTIFY : ON_EXPRESS;
  let current: unknown;
  const put = (members: SessionMembers | undefined): void => {
    current = members && new Proxy(members, handler);
    request.session = current;
  };
  const session = await scope.loaded(binding, () => user.follow());
  const user = new NamedUser(session, () => (current ? userId(current as SessionData) : undefined));
  const owner = { binding, session, user, renew: () => put(new Members(owner)), remove: () => put(undefined) };
  owner.renew();
  Object.defineProperty(request, 'sessionID', {
    get: () => (current as SessionMembers | undefined)?.id,
    configurable: true,
    enumerable: true,
  });
}

/** The session in the manner of express-session: fields are properties, and these methods are not among them. */
export type RequestSession<T extends object = SessionData> = Partial<T> & Omit<SessionMembers, symbol>;

/** The same on Fastify, where `get`, `set` and `data` are methods too. */
export type FastifyRequestSession<T extends object = SessionData> = Partial<T> & Omit<FastifySessionMembers, symbol>;
