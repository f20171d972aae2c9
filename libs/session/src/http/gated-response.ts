import { ServerResponse } from 'node:http';
import {
  ASKING,
  type Drain,
  type GatedResponse,
  HOLDER,
  type Method,
  method,
  type ResponseHolder,
  type Send,
} from './response-holder.js';

/**
 * Prepares all responses of an application, once: Express has a prototype for them, from which those of applications
 * mounted in it inherit too. Middleware that comes later and puts methods of its own on a response calls ours from there.
 */
export function prepareResponses(application: object): void {
  const { response } = application as { response?: unknown };
  if (response instanceof ServerResponse && !(ASKING in response)) {
    Object.defineProperties(response, askingProperties(response));
  }
}

/** Makes a response ask its holder before it sends. */
export function gateResponse(response: ServerResponse, holder: ResponseHolder): void {
  (response as GatedResponse)[HOLDER] = holder;
  ask(response);
  if (Object.hasOwn(response, 'on')) captureDrains(response, holder);
  response.on('close', onClose);
}

/** Ends an answer past what middleware has put on the response. */
export function endPlainly(response: ServerResponse, body: string): void {
  const { end } = Object.getPrototypeOf(response) as ServerResponse;
  end.call(response, body, 'utf8');
}

function onClose(this: GatedResponse): void {
  this[HOLDER]?.closed();
}

const METHODS = ['writeHead', 'write', 'end', 'flushHeaders'] as const;

type Methods = Record<Method, Send>;

const askingMethods = new WeakMap<object, Methods>();

/** What asks in place of the methods of a prototype, made once for each. */
function askingMethodsOf(base: object): Methods {
  let methods = askingMethods.get(base);
  if (!methods) {
    methods = Object.fromEntries(METHODS.map((name) => [name, asking(name, (base as Methods)[name])])) as Methods;
    askingMethods.set(base, methods);
  }
  return methods;
}

function askingProperties(base: ServerResponse): PropertyDescriptorMap {
  const methods = Object.entries(askingMethodsOf(base)).map(([name, value]) => [name, method(value)]);
  return { [ASKING]: { value: true }, ...(Object.fromEntries(methods) as PropertyDescriptorMap) };
}

/**
 * What middleware has put on the response already has to wait too: what it does to headers, it does to ours. Node's own
 * prototype, Fastify's responses have no other, is everybody's and stays as it is: the methods go on the response.
 */
function ask(response: ServerResponse): void {
  const methods = response as unknown as Methods;
  const shared = ASKING in response ? undefined : askingMethodsOf(Object.getPrototypeOf(response) as object);
  for (const name of METHODS) {
    if (Object.hasOwn(response, name)) methods[name] = asking(name, methods[name]);
    else if (shared) methods[name] = shared[name];
  }
}

function asking(name: Method, next: Send): Send {
  return function (this: GatedResponse, ...args: unknown[]) {
    const holder = this[HOLDER];
    return holder === undefined || holder.open ? Reflect.apply(next, this, args) : holder.send(name, next, args);
  } as Send;
}

/** `compression` passes listeners on to a stream of its own, where an event of the response does not reach them. */
function captureDrains(response: ServerResponse, holder: ResponseHolder): void {
  const on = response.on as (event: string, listener: Drain) => ServerResponse;
  const capturing = function (this: ServerResponse, event: string, listener: Drain): ServerResponse {
    if (event === 'drain') holder.listenForDrain(listener);
    return on.call(this, event, listener);
  };
  Object.assign(response, { on: capturing, addListener: capturing });
}
