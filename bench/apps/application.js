// @ts-check
/** What all contestants' applications have in common. */
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { createShop } from './shop.js';

/**
 * What `create()` of a file in this folder gets: the contestant's options, and where the server is that it needs.
 *
 * @typedef {{ url?: string } & Record<string, any>} Settings
 */

/**
 * What it gives: an application that is not listening yet, and how many calls its store has had so far.
 *
 * @typedef {{ app: import('@nestjs/common').INestApplication, calls: () => number }} Application
 */

/** Signs the cookies of all contestants: without it ours would save itself an HMAC. */
export const SECRET = 'Jm0Tz7cW1xvQ4uYb9dRk2hNs6pLe8aGf';

/** Connections to the database, the same for everybody. 10 is the default of `pg`, and so of most applications. */
export const POOL_SIZE = 10;

/**
 * @param {import('./shop.js').SessionAccess} access
 * @param {Pick<import('@nestjs/common').ModuleMetadata, 'imports' | 'providers'>} [metadata]
 */
export function createApplication(access, metadata = {}) {
  class ShopModule {}
  Module({ ...metadata, controllers: [createShop(access)] })(ShopModule);
  return NestFactory.create(ShopModule, { logger: false });
}

/**
 * Counts the calls of these methods, as cheaply as can be: the count is part of what is measured.
 *
 * @param {object} target a store, or the prototype of a driver's connection
 * @param {string[]} names
 */
export function countCalls(target, names) {
  const methods = /** @type {Record<string, (...args: unknown[]) => unknown>} */ (target);
  let calls = 0;
  for (const name of names) {
    const original = /** @type {(...args: unknown[]) => unknown} */ (methods[name]);
    methods[name] = function (...args) {
      calls++;
      return original.apply(this, args);
    };
  }
  return () => calls;
}
