import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ExecutionContext } from '@nestjs/common';
import { SessionConfigError } from '../core/errors.js';
import { type AnyRequest, isUpgrade, nodeRequest, responseTo } from '../http/frameworks.js';
import { RequestScope } from '../http/scope.js';
import { ReadOnlyScope } from '../sockets/read-only.scope.js';

interface Asking {
  readonly request?: unknown;
}

/**
 * The context of an operation, as far as it matters here. With Apollo `req` is the request of Express or Fastify; over a
 * socket it is the context of graphql-ws, whose `extra` has Node's request. Mercurius has a `reply` beside it, over a
 * socket a makeshift one.
 */
interface OperationContext extends Asking {
  readonly req?: { readonly extra?: Asking };
  readonly reply?: Asking;
  readonly extra?: Asking;
}

export function isGraphql(context: ExecutionContext): boolean {
  return context.getType<string>() === 'graphql';
}

/** The request that an operation came with, or that opened the socket it came over. */
export function findRequest(context: ExecutionContext): AnyRequest | undefined {
  const { extra, reply, req, request } = contextOf(context);
  const [found, ...others] = [reply?.request, extra?.request, req?.extra?.request, req, request].filter(isRequest);
  if (!found) return undefined;
  const raw = nodeRequest(found);
  // Into an object that is one for all requests drivers put the first for good: @nestjs/mercurius 14, and both of 13.
  if (others.some((other) => nodeRequest(other) !== raw)) return undefined;
  return isUpgrade(raw) || isUnanswered(raw) ? found : undefined;
}

/**
 * The same for who cannot do without.
 *
 * @throws SessionConfigError if the context does not lead to it.
 */
export function requestOfOperation(context: ExecutionContext): AnyRequest {
  const request = findRequest(context);
  if (request) return request;
  throw new SessionConfigError(
    'The GraphQL context does not lead to the request of this operation, so there is no session to be found. Let the ' +
      'context option of GraphQLModule be a function whose result has it as req, ({ req }) => ({ req, loaders }) with ' +
      'Apollo on Express and (req) => ({ req, loaders }) on Fastify, and never one object for all requests; or leave ' +
      'the option out.',
  );
}

/** Operations over sockets, by their contexts: the drivers make one for each. */
const scopes = new WeakMap<object, ReadOnlyScope>();

/** The scope of an operation; over HTTP, of all operations that the request came with. */
export function scopeOfOperation(context: ExecutionContext, request: AnyRequest): RequestScope | ReadOnlyScope {
  const raw = nodeRequest(request);
  if (!isUpgrade(raw)) return RequestScope.of(raw, responseTo(raw) as ServerResponse);
  const operation = contextOf(context);
  const scope = scopes.get(operation) ?? new ReadOnlyScope(raw);
  scopes.set(operation, scope);
  return scope;
}

/** Resolvers get four arguments, and the third is the context; those of references, in a federation, are given none. */
function contextOf(context: ExecutionContext): OperationContext {
  const args = context.getArgs<unknown[]>();
  return Object(args[args.length === 3 ? 1 : 2]) as OperationContext;
}

function isRequest(value: unknown): value is AnyRequest {
  return typeof (value as { headers?: unknown } | undefined)?.headers === 'object';
}

function isUnanswered(request: IncomingMessage): boolean {
  return responseTo(request)?.writableEnded === false;
}
