import type { DynamicModule, INestApplication, Type } from '@nestjs/common';

export type Adapter = 'express' | 'fastify';
export type NestVersion = 'nest-11' | 'nest-12';

/** An adapter, a version of Nest, or the one on the other. */
export type Place = Adapter | NestVersion | `${Adapter} on ${NestVersion}`;

/**
 * One row of the interop matrix: a way in which Nest calls handlers, or a library that people use beside sessions. It
 * imports packages by their public names alone, and works as CommonJS and as a module: it is compiled to both, put into
 * fresh applications beside the packed package, started and driven.
 */
export interface Surface {
  /** As the matrix names it. */
  readonly name: string;
  /** Where it cannot work, and why: a dash in the matrix, with this as its note. */
  readonly dashes?: Partial<Record<Place, string>>;
  /** The root module of an application that shows it. Called once for each application. */
  module(adapter: Adapter): Type | DynamicModule | Promise<Type | DynamicModule>;
  /** What such an application does before it listens: middleware, plugins, adapters of its own. */
  prepare?(app: INestApplication, adapter: Adapter): void | Promise<void>;
  /** Uses it from outside, as its clients do. Throws at the first answer that is wrong. */
  drive(url: string, app: INestApplication, adapter: Adapter): Promise<void>;
}

/** What became of one surface in one application. */
export interface Cell {
  /** The file's name, without `.surface.ts`. */
  readonly file: string;
  /** As the surface calls itself. */
  readonly name: string;
  readonly state: 'ok' | 'fail' | 'dash';
  /** Why it is not `ok`. */
  readonly note?: string;
}
