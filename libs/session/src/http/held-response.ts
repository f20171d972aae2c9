import type { ServerResponse } from 'node:http';
import { ASKING, type GatedResponse, HOLDER, method, type ResponseHolder, type Send } from './response-holder.js';

type Property = readonly [name: string | symbol, PropertyDescriptor];

const HELD = Symbol('nest-sessions.held');

/**
 * Makes the response look as if it had been sent, as long as its holder says so. All that looks at it is slower from
 * there on, so this is not done unless there is something to wait for. Express changes the prototypes of its responses
 * anyway; elsewhere that would cost 30 µs more than properties of the response itself, which stay and then tell the truth.
 * May be called again: Express may have taken it away.
 */
export function holdResponse(response: ServerResponse): void {
  if (HELD in response) return;
  const base = Object.getPrototypeOf(response) as ServerResponse;
  if (ASKING in base) Object.setPrototypeOf(response, holdingPrototype(base));
  else defineMissing(response, holdingPropertiesOf(base));
}

/** What middleware has put on the response stays. Methods are assigned, which takes half as long as defining them. */
function defineMissing(response: ServerResponse, properties: readonly Property[]): void {
  for (const [name, property] of properties) {
    if (Object.hasOwn(response, name)) continue;
    if ('value' in property) (response as unknown as Record<PropertyKey, unknown>)[name] = property.value;
    else Object.defineProperty(response, name, property);
  }
}

/** The response of Express with the prototype it had. */
export function releaseResponse(response: ServerResponse): void {
  const prototype = Object.getPrototypeOf(response) as object;
  if (Object.hasOwn(prototype, HELD)) Object.setPrototypeOf(response, Object.getPrototypeOf(prototype) as object);
}

const holdingPrototypes = new WeakMap<object, ServerResponse>();

function holdingPrototype(base: ServerResponse): object {
  let prototype = holdingPrototypes.get(base);
  if (!prototype) {
    prototype = Object.create(base) as ServerResponse;
    defineMissing(prototype, holdingPropertiesOf(base));
    holdingPrototypes.set(base, prototype);
  }
  return prototype;
}

const holdingProperties = new WeakMap<object, readonly Property[]>();

/** Made once for each prototype. */
function holdingPropertiesOf(base: ServerResponse): readonly Property[] {
  let properties = holdingProperties.get(base);
  if (!properties) {
    properties = [[HELD, { value: true }], ...headerMethods(base), ...answers(base)];
    holdingProperties.set(base, properties);
  }
  return properties;
}

const HEADER_METHODS = { setHeader: 'set', setHeaders: 'set', appendHeader: 'append', removeHeader: 'remove' };

function headerMethods(base: ServerResponse): Property[] {
  const changing = Object.entries(HEADER_METHODS).map(([name, action]): Property => {
    const change = method(function (this: GatedResponse, ...args: unknown[]) {
      this[HOLDER]?.checkHeader(action);
      return (Reflect.get(base, name) as Send).apply(this, args);
    });
    return [name, change];
  });
  // Node, and compression, begin an answer through this one when no status was written.
  const implicitHeader = method(function (this: GatedResponse) {
    if (!this[HOLDER]?.held) this.writeHead(this.statusCode);
  });
  // HTTP/2 knows neither this one nor all of the others.
  return [...changing, ['_implicitHeader', implicitHeader] as const].filter(([name]) => name in base);
}

const ANSWERS: Record<string, (holder: ResponseHolder) => unknown> = {
  headersSent: () => true,
  writableFinished: () => false,
  writableNeedDrain: (holder) => holder.waiting,
};

/** On HTTP/1 the response's own property answers these. */
const HTTP2_ANSWERS: typeof ANSWERS = {
  writableEnded: (holder) => holder.ended,
  finished: (holder) => holder.ended,
};

function answers(base: ServerResponse): Property[] {
  const all = { ...ANSWERS, ...('finished' in base && HTTP2_ANSWERS) };
  const known = Object.entries(all).filter(([name]) => name in base);
  return known.map(([name, whileHeld]) => [name, answer(base, name, whileHeld)]);
}

function answer(
  base: ServerResponse,
  name: string,
  whileHeld: (holder: ResponseHolder) => unknown,
): PropertyDescriptor {
  return {
    configurable: true,
    get(this: GatedResponse): unknown {
      const holder = this[HOLDER];
      return holder?.held ? whileHeld(holder) : Reflect.get(base, name, this);
    },
  };
}
