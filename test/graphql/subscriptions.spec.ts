import { EventEmitter, on } from 'node:events';
import { UseGuards } from '@nestjs/common';
import { Args, Field, Mutation, ObjectType, Query, ResolveField, Resolver, Subscription } from '@nestjs/graphql';
import { Session, SessionAuthGuard } from 'nest-sessions';
import { CookieSessionStore } from 'nest-sessions/cookie';
import { watchCrashes } from '../support/crashes.js';
import {
  DRIVERS,
  EACH_DRIVER,
  graphql,
  groundOf,
  openSocket,
  type Result,
  type SocketClient,
} from '../support/graphql.js';
import { counts, useApp } from '../support/use-app.js';

type Data = Record<string, string>;

const news = new EventEmitter();

/** What the subscribers of this moment are told, once there are so many. */
async function tell(text: string, subscribers = 1): Promise<void> {
  while (news.listenerCount('news') < subscribers) await new Promise((resolve) => setImmediate(resolve));
  news.emit('news', text);
}

/** Resolves once nobody listens any more. */
async function silence(): Promise<void> {
  while (news.listenerCount('news') > 0) await new Promise((resolve) => setImmediate(resolve));
}

@ObjectType()
class News {
  @Field(() => String)
  text!: string;
}

const toNews = ([text]: [string]): News => ({ text });

@Resolver(() => News)
class NewsResolver {
  @Query(() => String)
  @UseGuards(SessionAuthGuard)
  whoami(@Session() session: Session<Data>) {
    return `${session.userId} ${session.get('tea')}`;
  }

  @Mutation(() => Boolean)
  login(@Session() session: Session<Data>, @Args('user') user: string) {
    session.login(user);
    return true;
  }

  @Mutation(() => Boolean)
  put(@Session() session: Session<Data>, @Args('value') value: string) {
    session.set('tea', value);
    return true;
  }

  @Mutation(() => String)
  update(@Session() session: Session<Data>, @Args('value') value: string) {
    return session.update('tea', () => value);
  }

  @Subscription(() => News, { resolve: toNews })
  @UseGuards(SessionAuthGuard)
  mine() {
    return on(news, 'news');
  }

  @Subscription(() => News, { resolve: toNews })
  everybodys() {
    return on(news, 'news');
  }

  @ResolveField(() => String)
  reader(@Session() session: Session<Data>) {
    return `${session.userId} ${session.get('tea')}`;
  }
}

describe.each(EACH_DRIVER)('GraphQL over sockets: %s', (_name, driver) => {
  const test = useApp(groundOf(driver), { controllers: [], imports: [driver.module()], providers: [NewsResolver] });
  const sockets: SocketClient[] = [];
  watchCrashes();
  afterEach(async () => {
    for (const socket of sockets.splice(0)) await socket.close();
    await silence();
  });

  async function ada() {
    const client = test.client();
    await graphql(client, 'mutation { put(value: "green") login(user: "ada") }');
    test.calls.reset();
    return client;
  }

  function open(client = test.client()): SocketClient {
    const socket = openSocket(test, client);
    sockets.push(socket);
    return socket;
  }

  async function once(socket: SocketClient, query: string): Promise<Result | undefined> {
    for await (const result of socket.results(query)) return result;
    return undefined;
  }

  it('an operation has the session of the request that opened the socket, and reads it once', async () => {
    const socket = open(await ada());
    expect(await once(socket, '{ a: whoami b: whoami }')).toEqual({ data: { a: 'ada green', b: 'ada green' } });
    expect(test.calls.calls).toEqual(counts({ read: 1 }));
  });

  it('every operation reads anew', async () => {
    const client = await ada();
    const socket = open(client);
    await once(socket, '{ whoami }');
    await graphql(client, 'mutation { put(value: "black") }');
    expect(await once(socket, '{ whoami }')).toEqual({ data: { whoami: 'ada black' } });
  });

  it('an operation is a sign of life', async () => {
    const client = await ada();
    test.clock.advance(5 * 60_000);
    await once(open(client), '{ whoami }');
    expect(test.calls.calls).toEqual(counts({ read: 1, touch: 1 }));
  });

  it('writing is refused with what to do instead, and update() works', async () => {
    const client = await ada();
    const socket = open(client);
    for (const mutation of ['put(value: "black")', 'login(user: "bob")']) {
      const result = await once(socket, `mutation { ${mutation} }`);
      expect(result?.errors?.[0]?.message).toContain('use session.update()');
    }
    expect(await once(socket, 'mutation { update(value: "white") }')).toEqual({ data: { update: 'white' } });
    expect((await graphql(client, '{ whoami }')).data).toEqual({ whoami: 'ada white' });
  });

  it('a subscription is refused to strangers: UNAUTHENTICATED', async () => {
    const refused = await once(open(), 'subscription { mine { text } }').catch((errors: unknown) => ({ errors }));
    expect(refused).toMatchObject({
      errors: [{ message: 'Please sign in.', extensions: { code: 'UNAUTHENTICATED' } }],
    });
  });

  it('events within a second of the read cost nothing, and later ones a read', async () => {
    const events = open(await ada()).results('subscription { mine { text reader } }');
    const told = [events.next(), tell('one')] as const;
    expect((await told[0]).value).toEqual({ data: { mine: { text: 'one', reader: 'ada green' } } });
    expect(test.calls.calls).toEqual(counts({ read: 1 }));
    test.clock.advance(1_000);
    void tell('two');
    expect((await events.next()).value).toMatchObject({ data: { mine: { text: 'two' } } });
    expect(test.calls.calls).toEqual(counts({ read: 2 }));
  });

  it('fields of an event see what was changed since', async () => {
    const client = await ada();
    const events = open(client).results('subscription { mine { reader } }');
    const first = events.next();
    await tell('one');
    await first;
    await graphql(client, 'mutation { put(value: "black") }');
    test.clock.advance(1_000);
    void tell('two');
    expect((await events.next()).value).toEqual({ data: { mine: { reader: 'ada black' } } });
  });

  it.each([
    ['revoked', () => test.service.revokeAll('ada')],
    ['expired', async () => test.clock.advance(24 * 60 * 60_000)],
  ])('C-7 an event is not sent to a session that was %s, and the subscription ends', async (_how, end) => {
    const events = open(await ada()).results('subscription { mine { text } }');
    const first = events.next();
    await tell('one');
    await first;
    await end();
    test.clock.advance(1_000);
    const second = events.next().then(
      ({ value }) => value as Result,
      (errors: unknown) => ({ errors }),
    );
    void tell('two');
    expect(await second).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] });
    await silence();
  });

  it('a login in another tab ends it too: the token of the socket is retired', async () => {
    const client = await ada();
    const events = open(client).results('subscription { mine { text } }');
    const first = events.next();
    await tell('one');
    await first;
    await graphql(client, 'mutation { login(user: "ada") }');
    test.clock.advance(1_000);
    const second = events.next().then(
      ({ value }) => value as Result,
      (errors: unknown) => ({ errors }),
    );
    void tell('two');
    expect(await second).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] });
  });

  it('an outage ends it: nobody can tell whether the session still lasts', async () => {
    const events = open(await ada()).results('subscription { mine { text } }');
    const first = events.next();
    await tell('one');
    await first;
    test.clock.advance(1_000);
    test.calls.fault = () => {
      throw new Error('the store is down');
    };
    const second = events.next().then(
      ({ value }) => value as Result,
      (errors: unknown) => ({ errors }),
    );
    void tell('two');
    expect(await second).toMatchObject({ errors: [{ message: expect.stringContaining('not available') }] });
    await silence();
  });

  it('I5 events cost nothing for who has a token that opens nothing: it never will', async () => {
    const client = await ada();
    const stranger = client.copy();
    await test.service.revokeAll('ada');
    test.calls.reset();
    const events = open(stranger).results('subscription { everybodys { text reader } }');
    for (const text of ['one', 'two', 'three']) {
      const next = events.next();
      await tell(text);
      expect((await next).value).toEqual({ data: { everybodys: { text, reader: 'undefined undefined' } } });
      test.clock.advance(1_000);
    }
    expect(test.calls.calls).toEqual(counts({ read: 1 }));
  });

  it('where nobody looks at the session, events cost nothing', async () => {
    const events = open(await ada()).results('subscription { everybodys { text } }');
    for (const text of ['one', 'two']) {
      const next = events.next();
      await tell(text);
      expect((await next).value).toEqual({ data: { everybodys: { text } } });
      test.clock.advance(1_000);
    }
    expect(test.calls.calls).toEqual(counts({ read: 1 }));
  });

  it('a client that unsubscribes while nothing happens is let go at once', async () => {
    const events = open(await ada()).results('subscription { mine { text } }');
    const first = events.next();
    await tell('one');
    await first;
    await events.return?.();
    await silence();
  });
});

describe('GraphQL over sockets: the encrypted cookie', () => {
  const driver = DRIVERS['Apollo on Express'];
  const test = useApp(groundOf(driver), {
    controllers: [],
    imports: [driver.module()],
    providers: [NewsResolver],
    source: () => new CookieSessionStore({ keys: 'a secret of at least 32 bytes, for tests', acceptReplayFor: '90d' }),
  });

  it('can be read, and not even update() can write it', async () => {
    const client = test.client();
    await graphql(client, 'mutation { put(value: "green") login(user: "ada") }');
    test.clock.advance(5 * 60_000);
    const socket = openSocket(test, client);
    expect((await socket.results('{ whoami }').next()).value).toEqual({ data: { whoami: 'ada green' } });
    const refused: Result = (await socket.results('mutation { update(value: "white") }').next()).value;
    expect(refused.errors?.[0]?.message).toContain('cannot be changed any more');
    await socket.close();
  });
});
