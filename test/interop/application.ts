// What runs in a fresh application: node application.js <adapter> <version of Nest> <file of a surface>...
// Tells its parent of each surface as soon as that is known, and of nothing else.
import 'reflect-metadata';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { Adapter, Cell, NestVersion, Surface } from './surface.js';

/** Long enough for a busy machine. Milliseconds. */
const PATIENCE = 30_000;

const [adapter, nest, ...files] = process.argv.slice(2) as [Adapter, NestVersion, ...string[]];

async function main(): Promise<void> {
  for (const file of files) process.send?.(await tried(file));
  process.exit();
}

async function tried(file: string): Promise<Cell> {
  let name = file;
  try {
    const { surface } = (await import(`./surfaces/${file}.surface.js`)) as { surface: Surface };
    ({ name } = surface);
    const { dashes = {} } = surface;
    const note = dashes[`${adapter} on ${nest}`] ?? dashes[adapter] ?? dashes[nest];
    if (note !== undefined) return { file, name, state: 'dash', note };
    await Promise.race([driven(surface), late()]);
    return { file, name, state: 'ok' };
  } catch (error) {
    return { file, name, state: 'fail', note: error instanceof Error ? error.stack : String(error) };
  }
}

async function driven(surface: Surface): Promise<void> {
  const app = await started(surface);
  try {
    await surface.drive(await app.getUrl(), app, adapter);
  } finally {
    await app.close();
  }
}

async function started(surface: Surface): Promise<INestApplication> {
  // A connection that is not idle when the application closes would be waited for as long as Fastify keeps it alive.
  const framework = adapter === 'express' ? new ExpressAdapter() : new FastifyAdapter({ forceCloseConnections: true });
  const app = await NestFactory.create(await surface.module(adapter), framework, {
    logger: ['error'],
    abortOnError: false,
  });
  await surface.prepare?.(app, adapter);
  await app.listen(0, '127.0.0.1');
  return app;
}

function late(): Promise<never> {
  return new Promise((_resolve, reject) => {
    setTimeout(() => reject(new Error(`not done after ${PATIENCE} ms`)), PATIENCE).unref();
  });
}

void main();
