import { ServerResponse } from 'node:http';

/** The methods through which an answer begins or goes on. Informational answers (1xx) take none of them. */
export type Method = 'write' | 'end' | 'flushHeaders' | 'writeHead';

export type Send = (...args: unknown[]) => unknown;
export type Drain = (this: ServerResponse) => void;

/** What a gated response asks the one who holds it. */
export interface ResponseHolder {
  /** Whether everything goes straight through. */
  readonly open: boolean;
  /** Whether the caller has begun to send, and must be told so. */
  readonly held: boolean;
  /** Whether what the caller sends is queued. */
  readonly waiting: boolean;
  /** One of the calls that send. `next` is what it would have called without us. */
  send(method: Method, next: Send, args: readonly unknown[]): unknown;
  /** Throws if it is too late to change headers. */
  checkHeader(action: string): void;
  /** A listener that waits for the response to take more, where the response itself cannot tell. */
  listenForDrain(listener: Drain): void;
  /** The connection is closed. */
  closed(): void;
}

const HOLDER = Symbol('nest-sessions.holder');
/** Marks prototypes whose methods ask. */
const ASKING = Symbol('nest-sessions.asking');

interface GatedResponse extends ServerResponse {
  [HOLDER]?: ResponseHolder;
}

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

/**
 * Makes the response look as if it had been sent, as long as its holder says so. It is given a prototype for that, made
 * once per framework: all that looks at it is slower from there on, so this is not done unless there is something to wait for.
 * May be called again: Express may have taken it away.
 */
export function holdResponse(response: ServerResponse): void {
  const prototype = Object.getPrototypeOf(response) as ServerResponse;
  if (!holding.has(prototype)) Object.setPrototypeOf(response, holdingPrototype(prototype));
}

/** The response with the prototype it had. */
export function releaseResponse(response: ServerResponse): void {
  const prototype = Object.getPrototypeOf(response) as object;
  if (holding.has(prototype)) Object.setPrototypeOf(response, Object.getPrototypeOf(prototype) as object);
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

const holding = new WeakSet<object>();
const holdingPrototypes = new WeakMap<object, object>();

function holdingPrototype(base: ServerResponse): object {
  let prototype = holdingPrototypes.get(base);
  if (!prototype) {
    prototype = Object.create(base, holdingProperties(base)) as object;
    holdingPrototypes.set(base, prototype);
    holding.add(prototype);
  }
  return prototype;
}

function holdingProperties(base: ServerResponse): PropertyDescriptorMap {
  const changesHeaders = (name: 'setHeader' | 'appendHeader' | 'removeHeader' | 'setHeaders', action: string) =>
    method(function (this: GatedResponse, ...args: unknown[]) {
      this[HOLDER]?.checkHeader(action);
      return (base[name] as unknown as Send).apply(this, args);
    });
  const answers = (name: keyof ServerResponse, whileHeld: (holder: ResponseHolder) => unknown) => ({
    configurable: true,
    get(this: GatedResponse): unknown {
      const holder = this[HOLDER];
      return holder?.held ? whileHeld(holder) : Reflect.get(base, name, this);
    },
  });
  return {
    // Node, and compression, begin an answer through this one when no status was written.
    _implicitHeader: method(function (this: GatedResponse) {
      if (!this[HOLDER]?.held) this.writeHead(this.statusCode);
    }),
    setHeader: changesHeaders('setHeader', 'set'),
    setHeaders: changesHeaders('setHeaders', 'set'),
    appendHeader: changesHeaders('appendHeader', 'append'),
    removeHeader: changesHeaders('removeHeader', 'remove'),
    headersSent: answers('headersSent', () => true),
    writableFinished: answers('writableFinished', () => false),
    writableNeedDrain: answers('writableNeedDrain', (holder) => holder.waiting),
  };
}

function method(value: (...args: never[]) => unknown): PropertyDescriptor {
  return { value, configurable: true, writable: true };
}
