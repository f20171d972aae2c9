import { IncomingMessage, type OutgoingHttpHeaders, ServerResponse } from 'node:http';

/** Express's request is Node's own; Fastify's wraps it. Either may be asked for, and both must find one scope. */
export type AnyRequest = IncomingMessage | { readonly raw: IncomingMessage };
export type AnyResponse = ServerResponse | { readonly raw: ServerResponse };

// By their classes first: Express gives each request and response a shape of its own, in which V8 finds nothing quickly,
// least of all what is not there. Those of HTTP/2 are of other classes.

export function nodeRequest(request: AnyRequest): IncomingMessage {
  return !(request instanceof IncomingMessage) && 'raw' in request ? request.raw : request;
}

export function nodeResponse(response: AnyResponse): ServerResponse {
  return !(response instanceof ServerResponse) && 'raw' in response ? response.raw : response;
}

/** Whether a request opened a socket, so that nothing answers it. */
export function isUpgrade(request: IncomingMessage): boolean {
  // Node sets it, and documents it for clients only.
  return (request as { upgrade?: boolean | null }).upgrade === true;
}

/** Fastify's reply, as far as it matters here. It keeps headers of its own until it sends. */
export interface Reply {
  readonly raw: ServerResponse;
  readonly request: { readonly raw: IncomingMessage; readonly protocol: string };
  getHeaders(): OutgoingHttpHeaders;
  removeHeader(name: string): unknown;
}

/** Fastify's application, as far as it matters here. */
export interface FastifyApplication {
  addHook(name: 'onRequest', hook: never): unknown;
  hasRequestDecorator(name: string): boolean;
  decorateRequest(name: string, value: unknown): unknown;
}

const REPLY = Symbol('nest-sessions.reply');
const prepared = new WeakSet<object>();

/**
 * Lets replies be found from the requests they answer, in an application of Fastify: its request does not know its
 * reply. Middleware runs before this hook, since Nest registers it first.
 */
export function prepareReplies(application: object): void {
  if (!('addHook' in application) || prepared.has(application)) return;
  prepared.add(application);
  onRequest(application as FastifyApplication, (_request, reply, done) => {
    rememberReply(reply);
    done();
  });
}

type RequestHook = (request: Reply['request'], reply: Reply, done: (error?: Error) => void) => void;

export function onRequest(application: FastifyApplication, hook: RequestHook): void {
  application.addHook('onRequest', hook as never);
}

export function rememberReply(reply: Reply): void {
  (reply.request.raw as { [REPLY]?: Reply })[REPLY] = reply;
}

/** The reply to a request, on Fastify. */
export function replyTo(request: IncomingMessage): Reply | undefined {
  return (request as { [REPLY]?: Reply })[REPLY];
}

/** The response to a request, where there is a way to it: Express's `request.res`, or a reply. */
export function responseTo(request: IncomingMessage): ServerResponse | undefined {
  return (request as { res?: ServerResponse }).res ?? replyTo(request)?.raw;
}
