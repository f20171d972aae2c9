import type { ServerResponse } from 'node:http';

/** The methods through which an answer begins or goes on. Informational answers (1xx) take none of them. */
export type Method = 'write' | 'end' | 'flushHeaders' | 'writeHead';

export type Drain = (this: ServerResponse) => void;

/** What a gated response asks the one who holds it. */
export interface ResponseHolder {
  /** Whether the caller has begun to send, and must be told so. */
  readonly held: boolean;
  /** Whether what the caller sends is queued. */
  readonly waiting: boolean;
  /** Whether everything goes straight through. */
  readonly released: boolean;
  send(method: Method, args: readonly unknown[]): unknown;
  /** Throws if it is too late to change headers. */
  checkHeader(action: string): void;
  /** A listener that waits for the response to take more. */
  listenForDrain(listener: Drain): void;
  /** The connection is closed. */
  closed(): void;
}

const HOLDER = Symbol('nest-sessions.holder');

interface GatedResponse extends ServerResponse {
  [HOLDER]: ResponseHolder;
}

/** What middleware replaces on a response: see `layerOwnOverrides`. */
const REPLACED = ['writeHead', 'write', 'end', 'flushHeaders', 'setHeader', 'on', 'addListener'] as const;

/**
 * Makes a response ask its holder before it sends. It is given a prototype of its own, made once per framework, rather
 * than new methods per request, which costs less. The methods that send are its own all the same: Express gives a
 * response another prototype where an application mounted in ours begins.
 *
 * `makeHolder` gets the prototype to send through.
 */
export function gateResponse<T extends ResponseHolder>(
  response: ServerResponse,
  makeHolder: (base: ServerResponse) => T,
): T {
  const base = layerOwnOverrides(response);
  const holder = makeHolder(base);
  (response as GatedResponse)[HOLDER] = holder;
  Object.assign(response, SENDERS);
  Object.setPrototypeOf(response, gatedPrototype(base));
  response.on('close', onClose);
  return holder;
}

/** The response with the prototype it had. What was taken from it while it was gated, its own senders too, works on. */
export function ungateResponse(response: ServerResponse): void {
  const prototype = Object.getPrototypeOf(response) as object;
  if (gatedPrototypes.has(prototype)) Object.setPrototypeOf(response, Object.getPrototypeOf(prototype) as object);
}

const SENDERS = {
  writeHead: sender('writeHead'),
  write: sender('write'),
  end: sender('end'),
  flushHeaders: sender('flushHeaders'),
};

function sender(name: Method) {
  return function (this: GatedResponse, ...args: unknown[]): unknown {
    const holder = this[HOLDER];
    if (!holder.released) regate(this);
    return holder.send(name, args);
  };
}

function regate(response: ServerResponse): void {
  const prototype = Object.getPrototypeOf(response) as ServerResponse;
  if (!gatedPrototypes.has(prototype)) Object.setPrototypeOf(response, gatedPrototype(prototype));
}

function onClose(this: ServerResponse): void {
  (this as GatedResponse)[HOLDER].closed();
}

/**
 * Middleware such as `compression` puts methods on the response itself, where no prototype can get in front of them.
 * They become a prototype layer of their own, behind the gate.
 */
function layerOwnOverrides(response: ServerResponse): ServerResponse {
  const base = Object.getPrototypeOf(response) as ServerResponse;
  const own = REPLACED.filter((name) => Object.hasOwn(response, name));
  if (own.length === 0) return base;
  const layer = Object.create(base) as ServerResponse;
  for (const name of own) {
    Object.defineProperty(layer, name, Object.getOwnPropertyDescriptor(response, name)!);
    delete (response as Partial<ServerResponse>)[name];
  }
  return layer;
}

const prototypes = new WeakMap<object, object>();
const gatedPrototypes = new WeakSet<object>();

function gatedPrototype(base: ServerResponse): object {
  let gated = prototypes.get(base);
  if (!gated) {
    gated = Object.create(base, gatedProperties(base)) as object;
    prototypes.set(base, gated);
    gatedPrototypes.add(gated);
  }
  return gated;
}

/** Shared by all responses of a framework; whose holder they mean, each response knows. */
function gatedProperties(base: ServerResponse): PropertyDescriptorMap {
  const changesHeaders = (name: 'setHeader' | 'appendHeader' | 'removeHeader' | 'setHeaders', action: string) =>
    method(function (this: GatedResponse, ...args: unknown[]) {
      this[HOLDER].checkHeader(action);
      return (base[name] as unknown as (...args: unknown[]) => unknown).apply(this, args);
    });
  const listens = (name: 'on' | 'addListener') =>
    method(function (this: GatedResponse, event: string, listener: Drain) {
      if (event === 'drain') this[HOLDER].listenForDrain(listener);
      return base[name].call(this, event, listener);
    });
  const answers = (name: keyof ServerResponse, whileHeld: unknown) => ({
    configurable: true,
    get(this: GatedResponse): unknown {
      return this[HOLDER].held ? whileHeld : Reflect.get(base, name, this);
    },
  });
  return {
    // Node, and compression, begin an answer through this one when no status was written.
    _implicitHeader: method(function (this: GatedResponse) {
      if (!this[HOLDER].held) this.writeHead(this.statusCode);
    }),
    setHeader: changesHeaders('setHeader', 'set'),
    setHeaders: changesHeaders('setHeaders', 'set'),
    appendHeader: changesHeaders('appendHeader', 'append'),
    removeHeader: changesHeaders('removeHeader', 'remove'),
    on: listens('on'),
    addListener: listens('addListener'),
    headersSent: answers('headersSent', true),
    writableFinished: answers('writableFinished', false),
    writableNeedDrain: {
      configurable: true,
      get(this: GatedResponse): unknown {
        return this[HOLDER].held ? this[HOLDER].waiting : Reflect.get(base, 'writableNeedDrain', this);
      },
    },
  };
}

function method(value: (...args: never[]) => unknown): PropertyDescriptor {
  return { value, configurable: true, writable: true };
}
