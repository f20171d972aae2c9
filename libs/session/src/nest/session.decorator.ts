import {
  createParamDecorator,
  type ExecutionContext,
  type PipeTransform,
  SetMetadata,
  type Type,
} from '@nestjs/common';
import { SessionModuleMissingError } from '../core/errors.js';
import type { Session as CoreSession, SessionData } from '../core/session.js';
import { RequestScope } from '../http/scope.js';
import { bindingOf, scopeOf } from './session.context.js';
import { DEFAULT_SESSION_NAME } from './session.tokens.js';

/** Which session `@Session()` injects, if not the default one; with `key`, one field of it. */
export interface SessionSelector {
  name?: string;
  key?: string;
}

type Pipe = Type<PipeTransform> | PipeTransform;

interface SessionDecorator {
  /** Injects the session. */
  (): ParameterDecorator;
  /** Injects the value of one field, through the pipes. */
  (key: string, ...pipes: Pipe[]): ParameterDecorator;
  /** Injects a named session, or a field of it. */
  (selector: SessionSelector, ...pipes: Pipe[]): ParameterDecorator;
}

/** Injects the session of the request: `@Session() session: Session<ShopSession>`, or one field: `@Session('cart')`. */
export const Session: SessionDecorator = createParamDecorator(
  async (selector: string | SessionSelector | undefined, context: ExecutionContext) => {
    const { name = DEFAULT_SESSION_NAME, key } = typeof selector === 'string' ? { key: selector } : (selector ?? {});
    if (isSkipped(context)) {
      throw new SessionModuleMissingError(
        `@Session() is used in ${context.getClass().name}.${context.getHandler().name}, which @SkipSession() keeps without one.`,
      );
    }
    const binding = bindingOf(context, name);
    const scope = scopeOf(context);
    const loaded = scope.session(binding);
    if (scope instanceof RequestScope && isEventStream(context)) scope.holdFirstByte(loaded);
    const session = await loaded;
    return key === undefined ? session : session.get(key);
  },
);

/** The session of one request, as `@Session()` injects it. `T` describes its fields. */
export type Session<T extends object = SessionData> = CoreSession<T>;

const SKIP_SESSION = Symbol.for('nest-sessions:skip');
const PUBLIC = Symbol.for('nest-sessions:public');

/** Keeps a route, or all of a controller, without a session: nothing is loaded, and `@Session()` there is an error. */
export const SkipSession = (): ClassDecorator & MethodDecorator => SetMetadata(SKIP_SESSION, true);

/** Opens a route, or all of a controller, to strangers where `SessionAuthGuard` is global or on the controller. */
export const Public = (): ClassDecorator & MethodDecorator => SetMetadata(PUBLIC, true);

export function isSkipped(context: ExecutionContext): boolean {
  return isMarked(context, SKIP_SESSION);
}

export function isPublic(context: ExecutionContext): boolean {
  return isMarked(context, PUBLIC);
}

/** What Nest marks `@Sse()` handlers with. */
const SSE_METADATA = '__sse__';

export function isEventStream(context: ExecutionContext): boolean {
  return Reflect.getMetadata(SSE_METADATA, context.getHandler()) === true;
}

/** What Nest marks handlers with that take `@Res()`, `@Next()` or their like; the keys begin with the kind of argument. */
const ROUTE_ARGS_METADATA = '__routeArguments__';
const RESPONSE_PASSTHROUGH_METADATA = '__responsePassthrough__';
const RESPONSE_OR_NEXT = /^[12]:/;

/** Whether the handler sends the answer by hand, maybe long after it has returned: Nest then ignores what it returns. */
export function answersByHand(context: ExecutionContext): boolean {
  const [type, { name }] = [context.getClass(), context.getHandler()];
  const args = Reflect.getMetadata(ROUTE_ARGS_METADATA, type, name) as object | undefined;
  if (!args || !Object.keys(args).some((key) => RESPONSE_OR_NEXT.test(key))) return false;
  return Reflect.getMetadata(RESPONSE_PASSTHROUGH_METADATA, type, name) !== true;
}

function isMarked(context: ExecutionContext, mark: symbol): boolean {
  return [context.getHandler(), context.getClass()].some((target) => Reflect.getMetadata(mark, target) === true);
}
