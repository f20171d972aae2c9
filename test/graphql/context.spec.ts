import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { Args, Context, Info, Mutation, Query, Resolver } from '@nestjs/graphql';
import type { FastifyRequest } from 'fastify';
import { Session, SessionAuthGuard } from 'nest-sessions';
import { startApp, type TestApp } from '../support/app.js';
import { type Driver, DRIVERS, graphql, openSocket, type Result } from '../support/graphql.js';

type Data = Record<string, string>;

@Resolver()
class TeaResolver {
  @Query(() => String, { nullable: true })
  tea(@Session() session: Session<Data>) {
    return session.get('tea');
  }

  @Query(() => String)
  open() {
    return 'to all';
  }

  /** A federation's reference is resolved without arguments, which would be the second of four. */
  @Query(() => String)
  async reference(@Context() context: object, @Info() info: object) {
    const reference = new ExecutionContextHost([{}, context, info], TeaResolver, this.reference);
    reference.setType('graphql');
    await new SessionAuthGuard().canActivate(reference);
    return 'signed in';
  }

  @Mutation(() => Boolean)
  put(@Session() session: Session<Data>, @Args('tea') tea: string) {
    session.set('tea', tea);
    return true;
  }
}

/** Runs an application whose GraphQL has this context. */
async function withContext(driver: Driver, context: unknown, work: (app: TestApp) => Promise<void>): Promise<void> {
  const { platform } = driver;
  const imports = [driver.module({ context })];
  const app = await startApp({ platform, controllers: [], imports, providers: [TeaResolver] });
  try {
    await work(app);
  } finally {
    await app.close();
  }
}

async function drinker(app: TestApp, tea: string) {
  const client = app.client();
  await graphql(client, `mutation { put(tea: "${tea}") }`);
  return client;
}

async function overSocket(app: TestApp, tea: string): Promise<Result | undefined> {
  const socket = openSocket(app, await drinker(app, tea));
  try {
    for await (const result of socket.results('{ tea }')) return result;
    return undefined;
  } finally {
    await socket.close();
  }
}

interface ExpressContext {
  req: object;
  res: object;
  extra?: { request: object };
}

const { 'Apollo on Express': apolloOnExpress, 'Apollo on Fastify': apolloOnFastify, Mercurius: mercurius } = DRIVERS;
const express = ({ req, res }: ExpressContext) => ({ req, res, loaders: {} });
const own = () => ({ loaders: {} });
const raw = (request: FastifyRequest & { extra?: unknown }) =>
  request.extra ? { loaders: {} } : { req: request.raw, loaders: {} };

describe('GraphQL contexts that the application makes', () => {
  it.each([
    ['Apollo on Express, with req and res', apolloOnExpress, express],
    ['Apollo on Express, with neither', apolloOnExpress, own],
    ['Apollo on Express, one object for all', apolloOnExpress, { loaders: {} }],
    [
      'Apollo on Express, with the request of the socket',
      apolloOnExpress,
      ({ req, extra }: ExpressContext) => ({ req: extra?.request ?? req }),
    ],
    ['Apollo on Express, with what graphql-ws knows', apolloOnExpress, (context: ExpressContext) => ({ ...context })],
    [
      'Apollo on Fastify, with request and reply',
      apolloOnFastify,
      (request: object, reply: object) => ({ request, reply }),
    ],
    ['Apollo on Fastify, with neither', apolloOnFastify, own],
    ["Apollo on Fastify, with Node's request", apolloOnFastify, raw],
    ['Mercurius, with its own', mercurius, own],
    ["Mercurius, with Node's request", mercurius, raw],
  ])('%s', async (_name, driver, context) => {
    await withContext(driver, context, async (app) => {
      const [ada, bob] = [await drinker(app, 'green'), await drinker(app, 'black')];
      expect((await graphql(ada, '{ tea }')).data).toEqual({ tea: 'green' });
      expect((await graphql(bob, '{ tea }')).data).toEqual({ tea: 'black' });
      expect((await graphql(app.client(), '{ tea }')).data).toEqual({ tea: null });
      expect(await overSocket(app, 'white')).toEqual({ data: { tea: 'white' } });
    });
  });

  it.each([
    ['Apollo', apolloOnExpress, () => ({ req: { user: 'ada' } })],
    ['Apollo', apolloOnExpress, () => 'just a text'],
  ])(
    'B-14 %s: a context that leads to no request is told, to who looks for a session',
    async (_name, driver, context) => {
      await withContext(driver, context, async (app) => {
        const { data, errors } = await graphql(app.client(), '{ open tea }');
        expect(data).toEqual({ open: 'to all', tea: null });
        expect(errors?.[0]?.message).toMatch(/GraphQL context does not lead to the request.*\(\{ req \}\) => \(\{ req/);
      });
    },
  );

  it('B-14 Mercurius, one object for all: nobody gets the session of the first request', async () => {
    await withContext(mercurius, { loaders: {} }, async (app) => {
      await drinker(app, 'green');
      const { data, errors } = await graphql(app.client(), '{ tea }');
      expect(data).toEqual({ tea: null });
      expect(errors?.[0]?.message).toContain('never one object for all requests');
    });
  });

  it('references of a federation have the context in another place', async () => {
    await withContext(apolloOnExpress, undefined, async (app) => {
      const { errors } = await graphql(app.client(), '{ reference }');
      expect(errors).toMatchObject([{ message: 'Please sign in.' }]);
    });
  });

  it('a socket may come to the second server that Fastify has on localhost', async () => {
    await withContext(apolloOnFastify, undefined, async (app) => {
      const [main, second] = [app.app.getHttpServer() as ReturnType<typeof createServer>, createServer()];
      // As fastify/lib/server.js does it.
      second.on('upgrade', main.emit.bind(main, 'upgrade'));
      await new Promise<void>((listening) => second.listen(0, '127.0.0.1', listening));
      const { port } = second.address() as AddressInfo;
      expect(await overSocket({ ...app, port }, 'green')).toEqual({ data: { tea: 'green' } });
      second.close();
    });
  });
});
