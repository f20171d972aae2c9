import type { ExecutionContext } from '@nestjs/common';

/** What decorators say of a handler and of its class. */
export interface HandlerTraits {
  /** `@SkipSession()`. */
  readonly skipped: boolean;
  /** `@Public()`. */
  readonly public: boolean;
  /** `@Sse()`. */
  readonly eventStream: boolean;
  /** It sends the answer by hand, maybe long after it has returned: Nest then ignores what it returns. */
  readonly answersByHand: boolean;
}

export const SKIP_SESSION = Symbol.for('nest-sessions:skip');
export const PUBLIC = Symbol.for('nest-sessions:public');

/** What Nest marks `@Sse()` handlers with. */
const SSE_METADATA = '__sse__';

/** What Nest marks handlers with that take `@Res()`, `@Next()` or their like; the keys begin with the kind of argument. */
const ROUTE_ARGS_METADATA = '__routeArguments__';
const RESPONSE_PASSTHROUGH_METADATA = '__responsePassthrough__';
const RESPONSE_OR_NEXT = /^[12]:/;

/** Decorators do not change while an application runs, and looking them up takes a while. A handler may be inherited. */
const known = new WeakMap<object, Map<unknown, HandlerTraits>>();

export function traitsOf(context: ExecutionContext): HandlerTraits {
  const [type, handler] = [context.getClass(), context.getHandler()];
  let ofClass = known.get(type);
  if (!ofClass) known.set(type, (ofClass = new Map()));
  let traits = ofClass.get(handler);
  if (!traits) ofClass.set(handler, (traits = read(type, handler)));
  return traits;
}

function read(type: object, handler: object & { readonly name: string }): HandlerTraits {
  const isMarked = (mark: symbol): boolean => [handler, type].some((on) => Reflect.getMetadata(mark, on) === true);
  return {
    skipped: isMarked(SKIP_SESSION),
    public: isMarked(PUBLIC),
    eventStream: Reflect.getMetadata(SSE_METADATA, handler) === true,
    answersByHand: answersByHand(type, handler.name),
  };
}

function answersByHand(type: object, name: string): boolean {
  const args = Reflect.getMetadata(ROUTE_ARGS_METADATA, type, name) as object | undefined;
  if (!args || !Object.keys(args).some((key) => RESPONSE_OR_NEXT.test(key))) return false;
  return Reflect.getMetadata(RESPONSE_PASSTHROUGH_METADATA, type, name) !== true;
}
