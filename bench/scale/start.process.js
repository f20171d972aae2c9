// @ts-check
/** How long things take that happen once: each answer in a process of its own. CPU milliseconds, which a busy machine does not stretch. */
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { SECRET } from '../apps/application.js';
import { answerParent } from '../child.js';

answerParent({
  load: () => timed(() => import('nest-sessions')),

  bare: () => timed(() => start([])),

  async ours() {
    const { MemorySessionStore, SessionModule } = await import('nest-sessions');
    return timed(() => start([SessionModule.forRoot(new MemorySessionStore(), { secret: SECRET })]));
  },
});

/** @param {any[]} imports */
async function start(imports) {
  class AppModule {}
  Module({ imports })(AppModule);
  const app = await NestFactory.create(AppModule, new ExpressAdapter(), { logger: false, abortOnError: false });
  await app.init();
}

/** @param {() => Promise<unknown>} work */
async function timed(work) {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e3;
}
