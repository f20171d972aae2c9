// @ts-check
/** What all contestants' applications have in common. */
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { createShop } from './shop.js';

/**
 * What `create()` of a file in this folder gets: the contestant's options, and where the server is that it needs.
 *
 * @typedef {{ framework: Framework, url?: string } & Record<string, any>} Settings
 */

/** @typedef {'express' | 'fastify'} Framework */

/**
 * What it gives: an application that is not listening yet, and how many calls its store has had so far, where there is
 * no server that counts them.
 *
 * @typedef {{ app: import('@nestjs/common').INestApplication, calls?: () => number }} Application
 */

/** Signs the cookies of all contestants: without it ours would save itself an HMAC. */
export const SECRET = 'Jm0Tz7cW1xvQ4uYb9dRk2hNs6pLe8aGf';

/** Connections to the database, the same for everybody. 10 is the default of `pg`, and so of most applications. */
export const POOL_SIZE = 10;

/** Attributes of everybody's cookie. No `secure`, for the load comes over plain http; no `maxAge`, as ours has none. */
export const COOKIE = { secure: false, httpOnly: true, sameSite: /** @type {const} */ ('lax'), path: '/' };

/**
 * @param {Framework} framework
 * @param {import('./shop.js').SessionAccess} access
 * @param {Pick<import('@nestjs/common').ModuleMetadata, 'imports' | 'providers'>} [metadata]
 */
export async function createApplication(framework, access, metadata = {}) {
  class ShopModule {}
  Module({ ...metadata, controllers: [createShop(access)] })(ShopModule);
  return NestFactory.create(ShopModule, await createAdapter(framework), { logger: false, abortOnError: false });
}

/** Only what is used is loaded. @param {Framework} framework */
async function createAdapter(framework) {
  if (framework === 'fastify') return new (await import('@nestjs/platform-fastify')).FastifyAdapter();
  return new (await import('@nestjs/platform-express')).ExpressAdapter();
}

/**
 * Counts the calls of these methods, as cheaply as can be: the count is part of what is measured.
 *
 * @param {object} target a store
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

/** Everybody's client of Redis, with its defaults. @param {string | undefined} url */
export async function connectToRedis(url) {
  const { createClient } = await import('redis');
  const client = createClient({ url });
  await client.connect();
  return client;
}
