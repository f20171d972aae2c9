import { createServer } from 'node:http2';
import { Controller, Get, Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { ExpressAdapter } from '@nestjs/platform-express';
import {
  getSessionToken,
  MemorySessionStore,
  Session,
  SESSION_STORE,
  SessionConfigError,
  SessionModule,
  type SessionOptions,
} from 'nest-sessions';
import { Client } from '../support/client.js';

@Controller()
class CountController {
  @Get()
  count(@Session() session: Session<{ count: number }>) {
    return session.update('count', (count = 0) => count + 1);
  }
}

@Injectable()
class Config {
  readonly store = new MemorySessionStore();
  readonly options = { idleTimeout: '5m', cookie: { name: 'jar' } } satisfies SessionOptions;
}

@Module({ providers: [Config], exports: [Config] })
class ConfigModule {}

type Import = NonNullable<Parameters<typeof Test.createTestingModule>[0]['imports']>[number];

/** An application with sessions like that; what is wrong with them, if anything, is thrown. */
async function start(sessions: Import) {
  const module = await Test.createTestingModule({ imports: [sessions], controllers: [CountController] }).compile();
  const app = module.createNestApplication({ logger: false });
  await app.listen(0, '127.0.0.1');
  return app;
}

describe('a store is given', () => {
  const inConfig = { imports: [ConfigModule], inject: [Config] };

  it.each<[how: string, sessions: () => Import]>([
    ['as an instance', () => SessionModule.forRoot(new MemorySessionStore())],
    ['as a class', () => SessionModule.forRoot(MemorySessionStore)],
    ['as { useClass }', () => SessionModule.forRoot({ useClass: MemorySessionStore })],
    ['as { useFactory }', () => SessionModule.forRoot({ useFactory: async () => new MemorySessionStore() })],
    ['by forRootAsync', () => SessionModule.forRootAsync({ useFactory: () => ({ store: new MemorySessionStore() }) })],
    [
      'by forRootAsync, from another module',
      () =>
        SessionModule.forRootAsync({
          ...inConfig,
          useFactory: async ({ store, options }: Config) => ({ store, ...options }),
        }),
    ],
  ])('%s', async (_how, sessions) => {
    const app = await start(sessions());
    const client = new Client(await app.getUrl());
    expect((await client.get('/')).text).toBe('1');
    expect((await client.get('/')).text).toBe('2');
    await app.close();
  });

  it('by forRootAsync, with the options that come with it', async () => {
    const useFactory = ({ store, options }: Config) => ({ store, ...options });
    const app = await start(SessionModule.forRootAsync({ ...inConfig, useFactory }));
    const client = new Client(await app.getUrl());
    await client.get('/');
    expect([...client.jar.keys()]).toEqual(['jar']);
    await app.close();
  });

  it('by forRootAsync, under a name that stands beside the factory', async () => {
    const useFactory = () => ({ store: new MemorySessionStore() });
    const app = await start(SessionModule.forRootAsync({ name: 'admin', useFactory }));
    expect(app.get(getSessionToken(SESSION_STORE, 'admin'))).toBeInstanceOf(MemorySessionStore);
    await app.close();
  });
});

describe('what is wrong is told at start-up', () => {
  const store = () => new MemorySessionStore();
  // As JavaScript, or a configuration that somebody else wrote, may give it.
  const forRoot = SessionModule.forRoot.bind(SessionModule) as (...given: unknown[]) => Import;
  const resolvingTo = (given: unknown) => SessionModule.forRootAsync({ useFactory: () => given as never });

  it.each<[what: string, sessions: () => Import, told: string]>([
    ['no store', () => forRoot(), 'needs a store as its first argument, not undefined'],
    ['an address', () => forRoot('redis://shop:hunter2@db'), 'needs a store as its first argument, not a string:'],
    ['options of null', () => forRoot(store(), null), 'the options is null, and must be an object'],
    ['no guarantees', () => forRoot(Object.assign(store(), { guarantees: null })), 'is not a store'],
    ['a factory of nothing', () => resolvingTo(undefined), 'what it resolved to has no store'],
    ['a factory of options alone', () => resolvingTo({ idleTimeout: '5m' }), 'must resolve to { store, ...options }'],
    ['a factory of the store alone', () => resolvingTo(store()), 'what it resolved to has no store'],
    [
      'a factory of a class',
      () => resolvingTo({ store: MemorySessionStore }),
      'has the class MemorySessionStore as its store',
    ],
    [
      'a name in the factory',
      () => resolvingTo({ store: store(), name: 'admin' }),
      'name must be known before useFactory runs',
    ],
    ['load in the factory', () => resolvingTo({ store: store(), load: 'lazy' }), 'Write it beside useFactory'],
  ])('%s', async (_what, sessions, told) => {
    const failure: unknown = await Promise.resolve()
      .then(() => start(sessions()))
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(SessionConfigError);
    expect((failure as Error).message).toContain(told);
  });
});

it.each(['admin', 'session'])(
  'two sessions in one cookie are told at start-up, whichever is named (%s)',
  async (named) => {
    const cookie = named === 'admin' ? 'sid' : 'admin-sid';
    const options = (name: string): SessionOptions => ({ name, ...(name === named && { cookie: { name: cookie } }) });
    const imports = ['session', 'admin'].map((name) => SessionModule.forRoot(new MemorySessionStore(), options(name)));
    @Module({ imports })
    class BothModule {}
    await expect(start(BothModule)).rejects.toThrow(
      new SessionConfigError(
        `SessionModule: cookie.name is '${cookie}' for the sessions 'session' and 'admin', and each would overwrite the ` +
          'cookie of the other. Give one of them another cookie.name, or leave it out: it is made from the name.',
      ),
    );
  },
);

it('an application that speaks HTTP/2 itself is told so at start-up', async () => {
  class Http2Adapter extends ExpressAdapter {
    override initHttpServer(): void {
      Object.assign(this, { httpServer: createServer() });
    }
  }
  const sessions = SessionModule.forRoot(new MemorySessionStore());
  const module = await Test.createTestingModule({ imports: [sessions] }).compile();
  const app = module.createNestApplication(new Http2Adapter(), { logger: false });
  await expect(app.init()).rejects.toThrow('the application speaks HTTP/2 itself');
});
