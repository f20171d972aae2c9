import {
  createParamDecorator,
  type ExecutionContext,
  type PipeTransform,
  SetMetadata,
  type Type,
} from '@nestjs/common';
import { SessionModuleMissingError } from '../core/errors.js';
import type { Session as CoreSession, SessionData } from '../core/session.js';
import { PUBLIC, SKIP_SESSION, traitsOf } from './handler.traits.js';
import { scopeOfHttp, sessionOf } from './session.context.js';
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

/** Injects the session of the request, or of the message of a socket: `@Session() session: Session<ShopSession>`, or one field: `@Session('cart')`. */
export const Session: SessionDecorator = createParamDecorator(
  (selector: string | SessionSelector | undefined, context: ExecutionContext) => {
    const { name = DEFAULT_SESSION_NAME, key } = typeof selector === 'string' ? { key: selector } : (selector ?? {});
    const { skipped, eventStream } = traitsOf(context);
    if (skipped) {
      throw new SessionModuleMissingError(
        `@Session() is used in ${context.getClass().name}.${context.getHandler().name}, which @SkipSession() keeps without one.`,
      );
    }
    const session = sessionOf(context, name);
    if (session instanceof Promise && eventStream) scopeOfHttp(context).holdFirstByte(session);
    if (key === undefined) return session;
    return session instanceof Promise ? session.then((loaded) => loaded.get(key)) : session.get(key);
  },
);

/** The session of one request, as `@Session()` injects it. `T` describes its fields. */
export type Session<T extends object = SessionData> = CoreSession<T>;

/** Keeps a route, or all of a controller, without a session: nothing is loaded, and `@Session()` there is an error. */
export const SkipSession = (): ClassDecorator & MethodDecorator => SetMetadata(SKIP_SESSION, true);

/** Opens a route, or all of a controller, to strangers where `SessionAuthGuard` is global or on the controller. */
export const Public = (): ClassDecorator & MethodDecorator => SetMetadata(PUBLIC, true);
