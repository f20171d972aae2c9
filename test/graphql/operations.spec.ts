import { UseGuards } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { Args, Field, Mutation, ObjectType, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { Public, Session, SessionAuthGuard, SessionService, SkipSession } from 'nest-sessions';
import { watchCrashes } from '../support/crashes.js';
import { DRIVERS, EACH_DRIVER, graphql, groundOf, type Result } from '../support/graphql.js';
import { counts, useApp } from '../support/use-app.js';

type Data = Record<string, string>;

@ObjectType()
class Shelf {
  @Field(() => String)
  name!: string;
}

@Resolver(() => Shelf)
@Public()
class ShelfResolver {
  constructor(private readonly service: SessionService) {}

  @Query(() => String)
  data(@Session() session: Session<Data>) {
    return JSON.stringify(Object.fromEntries(session.entries()));
  }

  @Query(() => String, { nullable: true })
  async current() {
    return (await this.service.current<Data>()).get('tea');
  }

  @Query(() => String)
  open() {
    return 'to all';
  }

  @Query(() => [Shelf])
  shelves() {
    return ['upper', 'lower'].map((name) => ({ name }));
  }

  @ResolveField(() => String)
  label(@Parent() { name }: Shelf, @Session('tea') tea: string) {
    return `${name}: ${tea}`;
  }

  @Mutation(() => String)
  put(@Session() session: Session<Data>, @Args('key') key: string, @Args('value') value: string) {
    session.set(key, value);
    return JSON.stringify(Object.fromEntries(session.entries()));
  }

  @Mutation(() => String, { nullable: true })
  putAndFail(@Session() session: Session<Data>, @Args('key') key: string): string {
    session.set(key, 'failed');
    throw new Error('The shelf broke.');
  }

  @Mutation(() => String)
  putAndBreak(@Session() session: Session<Data>, @Args('key') key: string): string {
    session.set(key, 'broken');
    throw Object.assign(new Error('Out of order.'), { statusCode: 500 });
  }

  @Mutation(() => Boolean)
  login(@Session() session: Session<Data>, @Args('user') user: string) {
    session.login(user);
    return true;
  }

  @Mutation(() => Boolean)
  logout(@Session() session: Session<Data>) {
    session.logout();
    return true;
  }

  @Query(() => String)
  @SkipSession()
  skipped() {
    return 'nothing loaded';
  }
}

@Resolver()
class DiaryResolver {
  @Query(() => String, { nullable: true })
  @UseGuards(SessionAuthGuard)
  diary(@Session() session: Session<Data>) {
    return `Dear ${session.userId}`;
  }
}

/** A resolver that the global guard alone protects. */
@Resolver()
class LetterResolver {
  @Query(() => String, { nullable: true })
  letter(@Session() session: Session<Data>) {
    return `To ${session.userId}`;
  }
}

const resolvers = [ShelfResolver, DiaryResolver, LetterResolver, { provide: APP_GUARD, useClass: SessionAuthGuard }];

describe.each(EACH_DRIVER)('GraphQL operations: %s', (_name, driver) => {
  const test = useApp(groundOf(driver), { controllers: [], imports: [driver.module()], providers: resolvers });
  watchCrashes();

  async function visitor() {
    const client = test.client();
    await graphql(client, 'mutation { put(key: "tea", value: "green") }');
    test.calls.reset();
    return client;
  }

  it('B-12 a query of several fields reads once and saves nothing', async () => {
    const client = await visitor();
    const { data } = await graphql(client, '{ a: data b: data c: current d: current shelves { name } }');
    expect(data).toMatchObject({ a: '{"tea":"green"}', b: '{"tea":"green"}', c: 'green', d: 'green' });
    expect(test.calls.calls).toEqual(counts({ read: 1 }));
  });

  it('B-12 resolvers of fields have the session too', async () => {
    const client = await visitor();
    const { data } = await graphql(client, '{ shelves { label } }');
    expect(data).toEqual({ shelves: [{ label: 'upper: green' }, { label: 'lower: green' }] });
    expect(test.calls.calls).toEqual(counts({ read: 1 }));
  });

  it('I5 strangers who write nothing cost nothing', async () => {
    const { cookies, data } = await graphql(test.client(), '{ data open skipped }');
    expect(data).toEqual({ data: '{}', open: 'to all', skipped: 'nothing loaded' });
    expect(cookies).toEqual([]);
    expect(test.calls.calls).toEqual(counts());
  });

  it('fields of a mutation see the changes of the ones before, and all are saved at once', async () => {
    const client = test.client();
    const { cookies, data } = await graphql(
      client,
      'mutation { a: put(key: "one", value: "1") b: put(key: "two", value: "2") }',
    );
    expect(data).toEqual({ a: '{"one":"1"}', b: '{"one":"1","two":"2"}' });
    expect(cookies).toHaveLength(1);
    expect(test.calls.calls).toEqual(counts({ create: 1 }));
    expect((await graphql(client, '{ data }')).data).toEqual({ data: '{"one":"1","two":"2"}' });
  });

  it('operations of a batch share one session, which is saved once', async () => {
    const client = await visitor();
    const answer = await client.post('/graphql', [
      { query: 'mutation { put(key: "one", value: "1") }' },
      { query: 'mutation { put(key: "two", value: "2") }' },
      { query: '{ current }' },
    ]);
    expect(answer.json<Result[]>().map(({ errors }) => errors)).toEqual([undefined, undefined, undefined]);
    expect(test.calls.calls).toEqual(counts({ read: 1, update: 1 }));
    expect((await graphql(client, '{ data }')).data).toEqual({ data: '{"tea":"green","one":"1","two":"2"}' });
  });

  it('C-1 a login gives a new token, a logout takes it away', async () => {
    const client = await visitor();
    const before = client.cookieHeader;
    const login = await graphql(client, 'mutation { login(user: "ada") }');
    expect(login.cookies).toHaveLength(1);
    expect(client.cookieHeader).not.toBe(before);
    expect((await graphql(client, '{ diary letter data }')).data).toEqual({
      diary: 'Dear ada',
      letter: 'To ada',
      data: '{"tea":"green"}',
    });
    const logout = await graphql(client, 'mutation { logout }');
    expect(logout.cookies[0]).toContain('Max-Age=0');
    expect((await graphql(client, '{ diary }')).errors).toHaveLength(1);
  });

  it.each(['diary', 'letter'])('%s is for who is signed in: UNAUTHENTICATED', async (field) => {
    const { data, errors, status } = await graphql(test.client(), `{ open ${field} }`);
    expect(status).toBe(200);
    expect(data).toEqual({ open: 'to all', [field]: null });
    expect(errors).toMatchObject([{ message: 'Please sign in.', extensions: { code: 'UNAUTHENTICATED' } }]);
  });

  it('what was written is saved although a field failed', async () => {
    const client = test.client();
    const { errors, status } = await graphql(client, 'mutation { put(key: "one", value: "1") putAndFail(key: "two") }');
    expect(status).toBe(200);
    expect(errors).toMatchObject([{ message: 'The shelf broke.' }]);
    expect((await graphql(client, '{ data }')).data).toEqual({ data: '{"one":"1","two":"failed"}' });
  });

  it('only an answer of 500 and above drops what was written', async () => {
    const client = await visitor();
    const { data, status } = await graphql(client, 'mutation { putAndBreak(key: "one") }');
    expect(data).toBeNull();
    // Mercurius makes the status of an only error its own; Apollo on Nest says 200.
    expect(status).toBe(driver === DRIVERS.Mercurius ? 500 : 200);
    const kept = status === 500 ? '{"tea":"green"}' : '{"tea":"green","one":"broken"}';
    expect((await graphql(client, '{ data }')).data).toEqual({ data: kept });
  });

  it('B-19 a save that fails is a 503 without data and cookie', async () => {
    test.calls.fault = (verb) => {
      if (verb === 'create') throw new Error('the store is down');
    };
    const answer = await test.client().post('/graphql', { query: 'mutation { put(key: "one", value: "1") }' });
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('1');
    expect(answer.cookies).toEqual([]);
    expect(answer.json()).toMatchObject({ statusCode: 503 });
  });

  it('B-19 nothing leaves before it is saved', async () => {
    const held = test.calls.hold('create');
    let isAnswered = false;
    const answer = graphql(test.client(), 'mutation { put(key: "one", value: "1") }').finally(
      () => (isAnswered = true),
    );
    await held.reached;
    await graphql(test.client(), '{ open }');
    expect(isAnswered).toBe(false);
    held.release();
    expect((await answer).status).toBe(200);
  });

  it('a load that fails is told where somebody looks, and not elsewhere', async () => {
    const client = await visitor();
    test.calls.fault = () => {
      throw new Error('the store is down');
    };
    const { data, errors } = await graphql(client, '{ open diary }');
    expect(data).toEqual({ open: 'to all', diary: null });
    expect(errors).toMatchObject([{ message: 'The session store is not available. Try again shortly.' }]);
  });
});

describe('GraphQL with load: lazy', () => {
  const driver = DRIVERS['Apollo on Express'];
  const test = useApp(groundOf(driver), {
    controllers: [],
    imports: [driver.module()],
    providers: resolvers,
    options: { load: 'lazy' },
  });
  watchCrashes();

  it('reads for who asks, and saves', async () => {
    const client = test.client();
    await graphql(client, 'mutation { put(key: "tea", value: "green") login(user: "ada") }');
    test.calls.reset();
    await graphql(client, '{ open }');
    expect(test.calls.calls).toEqual(counts());
    expect((await graphql(client, '{ letter shelves { label } }')).data).toMatchObject({ letter: 'To ada' });
    expect(test.calls.calls).toEqual(counts({ read: 1 }));
  });

  it('current() says what it needs', async () => {
    const { errors } = await graphql(test.client(), '{ current }');
    expect(errors?.[0]?.message).toContain('load: "eager"');
  });
});

describe('GraphQL with enhancers on fields', () => {
  const driver = DRIVERS['Apollo on Express'];
  const enhancers = ['guards', 'interceptors', 'filters'];
  const test = useApp(groundOf(driver), {
    controllers: [],
    imports: [driver.module({ fieldResolverEnhancers: enhancers })],
    providers: resolvers,
  });

  it('guards and interceptors of every field still read once', async () => {
    const client = test.client();
    await graphql(client, 'mutation { put(key: "tea", value: "green") }');
    test.calls.reset();
    const { data } = await graphql(client, '{ shelves { label } current }');
    expect(data).toMatchObject({ shelves: [{ label: 'upper: green' }, {}], current: 'green' });
    expect(test.calls.calls).toEqual(counts({ read: 1 }));
  });
});
