import assert from 'node:assert/strict';
import { UseGuards } from '@nestjs/common';
import { Args, Mutation, Query, Resolver, Subscription } from '@nestjs/graphql';
import { createClient } from 'graphql-ws';
import { Session, SessionAuthGuard } from 'nest-sessions';
import { WebSocket } from 'ws';

/** What both drivers of GraphQL are asked. */
@Resolver()
export class TeaResolver {
  @Query(() => String)
  @UseGuards(SessionAuthGuard)
  tea(@Session('tea') tea: string) {
    return tea;
  }

  @Mutation(() => String)
  put(@Session() session: Session, @Args('tea', { type: () => String }) tea: string) {
    session.set('tea', [session.get('tea'), tea].join(' '));
    return session.get('tea');
  }

  @Mutation(() => Boolean)
  login(@Session() session: Session) {
    session.login('ada');
    return true;
  }

  @Subscription(() => String, { resolve: (tea: string) => tea })
  @UseGuards(SessionAuthGuard)
  async *teas(@Session('tea') tea: string) {
    yield tea;
  }
}

/** Throws at the first answer that is wrong. */
export async function askForTea(url: string): Promise<void> {
  let cookie = '';
  const ask = async (query: string): Promise<unknown> => {
    const headers = { 'content-type': 'application/json', cookie };
    const answer = await fetch(`${url}/graphql`, { method: 'POST', headers, body: JSON.stringify({ query }) });
    for (const line of answer.headers.getSetCookie()) cookie = line.split(';')[0] ?? '';
    const { data, errors } = (await answer.json()) as { data: unknown; errors?: [{ extensions: { code: string } }] };
    return errors ? errors[0].extensions.code : data;
  };
  assert.equal(await ask('{ tea }'), 'UNAUTHENTICATED');
  const mutation = 'mutation { login one: put(tea: "green") two: put(tea: "black") }';
  assert.deepEqual(await ask(mutation), { login: true, one: ' green', two: ' green black' });
  assert.deepEqual(await ask('{ a: tea b: tea }'), { a: ' green black', b: ' green black' });

  class CookieSocket extends WebSocket {
    constructor(address: string, protocols: string[]) {
      super(address, protocols, { headers: { cookie } });
    }
  }
  const client = createClient({ url: `${url.replace('http', 'ws')}/graphql`, webSocketImpl: CookieSocket });
  const results: unknown[] = [];
  for await (const { data } of client.iterate({ query: 'subscription { teas }' })) results.push(data);
  await client.dispose();
  assert.deepEqual(results, [{ teas: ' green black' }]);
}
