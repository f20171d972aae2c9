// @ts-check
// Fastify's inject(), as an application's own tests use it, from the built package. Not under Jest, whose modules cannot
// load what inject() needs: a CommonJS module that requires an ES module.
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { after, before, beforeEach, describe, it } from 'node:test';
import { Controller, Get, Module, Res } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { MemorySessionStore, Session, SessionModule } from 'nest-sessions';
import { FaultySessionStore } from 'nest-sessions/testing';

/** @typedef {import('nest-sessions').Session<{ count: number }>} CountSession */
/** @typedef {import('fastify').FastifyReply} Reply */

class CountController {
  /** @param {CountSession} session */
  object(session) {
    session.set('count', (session.get('count') ?? 0) + 1);
    return { count: session.get('count') };
  }

  /** @param {CountSession} session @param {Reply} reply */
  stream(session, reply) {
    session.set('count', 1);
    reply.header('X-Handler', 'yes').send(Readable.from(['one,', 'two']));
  }

  /** @param {CountSession} session @param {Reply} reply */
  raw(session, reply) {
    session.set('count', 1);
    const { raw } = reply.hijack();
    raw.writeHead(200, { 'X-Handler': 'yes' });
    raw.write('one,');
    raw.end('two');
  }

  /** @param {CountSession} session @param {Reply} reply */
  wrong(session, reply) {
    session.set('count', 1);
    reply.header('X-Bad', 'two\nlines').send('text');
  }
}

const { prototype } = CountController;
for (const name of /** @type {const} */ (['object', 'stream', 'raw', 'wrong'])) {
  const descriptor = /** @type {PropertyDescriptor} */ (Object.getOwnPropertyDescriptor(prototype, name));
  Get(name)(prototype, name, descriptor);
  Session()(prototype, name, 0);
  if (name !== 'object') Res()(prototype, name, 1);
}
Controller()(CountController);

for (const load of /** @type {const} */ (['eager', 'lazy'])) {
  describe(`inject(), ${load}`, () => {
    const calls = new FaultySessionStore(new MemorySessionStore());
    /** @type {import('@nestjs/platform-fastify').NestFastifyApplication} */
    let app;

    before(async () => {
      class CountModule {}
      const logger = { warn() {}, error() {} };
      Module({ controllers: [CountController], imports: [SessionModule.forRoot(calls.store, { load, logger })] })(
        CountModule,
      );
      app = await NestFactory.create(CountModule, new FastifyAdapter(), { logger: false, abortOnError: false });
      await app.init();
    });

    after(() => app.close());
    beforeEach(() => calls.reset());

    it('B-17 keeps a session from one request to the next', async () => {
      const first = await app.inject({ url: '/object' });
      assert.deepEqual(first.json(), { count: 1 });
      const [{ name, value } = { name: '', value: '' }] = first.cookies;
      assert.equal(first.cookies.length, 1);
      const second = await app.inject({ url: '/object', cookies: { [name]: value } });
      assert.deepEqual(second.json(), { count: 2 });
      assert.equal(second.cookies.length, 0);
    });

    for (const path of ['/stream', '/raw']) {
      it(`B-17 ${path} arrives whole, with a cookie`, async () => {
        const answer = await app.inject({ url: path });
        assert.deepEqual([answer.statusCode, answer.body, answer.cookies.length], [200, 'one,two', 1]);
      });
    }

    it('B-17 HEAD has the cookie and no body', async () => {
      const answer = await app.inject({ method: 'HEAD', url: '/object' });
      assert.deepEqual([answer.statusCode, answer.body, answer.cookies.length], [200, '', 1]);
    });

    it('B-17 payloadAsStream', async () => {
      const answer = await app.inject({ url: '/stream', payloadAsStream: true });
      const parts = await answer.stream().toArray();
      assert.deepEqual([parts.join(''), answer.cookies.length], ['one,two', 1]);
    });

    it('B-23 a header that cannot be sent is a 500, and nothing is saved', async () => {
      const answer = await app.inject({ url: '/wrong' });
      assert.deepEqual([answer.statusCode, answer.cookies.length, calls.total], [500, 0, 0]);
    });

    for (const path of ['/object', '/stream', '/raw']) {
      it(`B-19 ${path}: a save that fails is a 503, with its body`, async () => {
        calls.fault = () => {
          throw new Error('the store is down');
        };
        const answer = await app.inject({ url: path });
        assert.equal(answer.statusCode, 503);
        assert.equal(answer.json().statusCode, 503);
        assert.equal(answer.cookies.length, 0);
        assert.equal(answer.headers['x-handler'], undefined);
      });
    }
  });
}
