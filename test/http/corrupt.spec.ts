import { inspect } from 'node:util';
import { TypeOrmSessionStore } from 'nest-sessions/typeorm';
import { act, ActionController, seenBy, visitor } from '../support/actions.js';
import { startApp } from '../support/app.js';
import type { Client } from '../support/client.js';
import { openDatabase } from '../support/postgres.js';
import { describeOnStores } from '../support/suite.js';

const GARBAGE = ['{"half', '', 'undefined', '~', '~[1,', '~[["Evil",1],{}]', '~[{"__proto__":1},2]', '\u0001'];

describeOnStores('a field that cannot be decoded', {}, (app) => {
  /** A client whose cart is this text in the store. */
  async function withCart(text: string): Promise<Client> {
    const client = await visitor(app, { cart: ['tea'], colour: 'red' });
    const { id } = await seenBy(client);
    await app.store.update(id, { fields: new Map([['cart', text]]), expect: {} }, app.clock.now());
    app.events.length = 0;
    return client;
  }

  const stored = async (client: Client) => {
    const { result } = await act(client, (session) => session.id);
    return (await app.store.read(result, app.clock.now()))?.fields.get('cart');
  };

  it.each(GARBAGE)('C-38 C-20 %j reads as absent, is told as an event, and spoils nothing else', async (text) => {
    const client = await withCart(text);
    const answer = await act(client, (session) => [session.get('cart') as unknown, session.get('colour') as unknown]);
    expect(answer).toMatchObject({ status: 200, cookies: [], result: [undefined, 'red'] });
    expect(app.events).toEqual([
      expect.objectContaining({ type: 'corrupt', id: expect.any(String), reason: 'cart', error: expect.any(Error) }),
    ]);
  });

  it.each(['4111 1111', '"4111 1111', '~[["4111"],1]', '~{"4111'])(
    'I20 %j is not quoted by the event',
    async (text) => {
      const client = await withCart(text);
      await act(client, (session) => session.get('cart'));
      expect(inspect(app.events, { depth: 9, showHidden: true })).not.toContain('4111');
      expect(app.events[0]?.error?.message).toContain('A stored session field');
    },
  );

  it('C-38 is left as it is by whoever writes something else', async () => {
    const client = await withCart('{"half');
    await act(client, (session) => {
      session.get('cart');
      session.set('colour', 'blue');
    });
    expect(await stored(client)).toBe('{"half');
  });

  it.each(['set', 'update', 'delete'] as const)('C-38 is replaced by %s', async (verb) => {
    const client = await withCart('{"half');
    const { result } = await act(client, async (session) => {
      if (verb === 'set') session.set('cart', ['milk']);
      if (verb === 'delete') session.delete('cart');
      if (verb === 'update') return session.update('cart', (cart = []) => [...cart, 'milk']);
      return undefined;
    });
    if (verb === 'update') expect(result).toEqual(['milk']);
    expect(await stored(client)).toBe(verb === 'delete' ? undefined : '["milk"]');
  });

  it('C-38 stays as it is through a new token and a login', async () => {
    const client = await withCart('{"half');
    await act(client, (session) => session.regenerate());
    await act(client, (session) => session.login('ada'));
    expect(await stored(client)).toBe('{"half');
  });

  it('C-31 that tries to pollute prototypes is an own property and no more', async () => {
    const client = await withCart('{"__proto__":{"isAdmin":true}}');
    const { result } = await act(client, (session) => Object.keys(session.get('cart') as object));
    expect(result).toEqual(['__proto__']);
    expect(({} as Record<string, unknown>)['isAdmin']).toBeUndefined();
  });
});

describe('a row that is not as it should be', () => {
  it.each([
    ['fields = \'{"cart": 5, "colour": "\\"red\\""}\'', 'a field that is not text'],
    ['fields = \'{"cart": {"a": [1]}, "colour": "\\"red\\""}\'', 'a field that is an object'],
  ])('C-38 %s: %s spoils nothing else', async (assignment) => {
    const { close, dataSource } = await openDatabase();
    const app = await startApp({ controllers: [ActionController], store: new TypeOrmSessionStore(dataSource) });
    const client = await visitor(app, { cart: ['tea'], colour: 'red' });
    await dataSource.query(`UPDATE sessions SET ${assignment}`);
    const reading = await act(client, (session) => [session.get('cart'), session.get('colour')] as unknown[]);
    expect(reading.status).toBe(200);
    expect(reading.result[1]).toBe('red');
    expect((await act(client, (session) => session.set('size', 'XL'))).status).toBe(200);
    expect((await act(client, (session) => session.set('cart', ['milk']))).status).toBe(200);
    expect((await seenBy(client)).data).toEqual({ cart: ['milk'], colour: 'red', size: 'XL' });
    await app.close();
    await close();
  });
});
