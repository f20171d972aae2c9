import type { DynamicModule, INestApplication, Type } from '@nestjs/common';

export type Adapter = 'express' | 'fastify';

/**
 * One row of the interop matrix: a way in which Nest calls handlers, or a library that people use beside sessions. It
 * imports packages by their public names alone, and works as CommonJS and as a module: it is compiled to both, put into
 * fresh applications beside the packed package, started and driven.
 */
export interface Surface {
  /** As the matrix names it. */
  readonly name: string;
  /** Adapters where it cannot work, and why: a dash in the matrix, with this as its note. */
  readonly dashes?: Partial<Record<Adapter, string>>;
  /** The root module of an application that shows it. Called once for each application. */
  module(adapter: Adapter): Type | DynamicModule | Promise<Type | DynamicModule>;
  /** What such an application does before it listens: middleware, plugins, adapters of its own. */
  prepare?(app: INestApplication, adapter: Adapter): void | Promise<void>;
  /** Uses it from outside, as its clients do. Throws at the first answer that is wrong. */
  drive(url: string, app: INestApplication, adapter: Adapter): Promise<void>;
}
