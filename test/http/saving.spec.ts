import { Controller, Get, Post, Redirect, Res } from '@nestjs/common';
import { Session } from 'nest-sessions';
import type { Client } from '../support/client.js';
import type { AnyReply } from '../support/platforms.js';
import { RawConnection } from '../support/raw.js';
import { GROUNDS } from '../support/stores.js';
import { counts, LOADS, useApp } from '../support/use-app.js';

interface Data {
  name: string;
  cart: { sku: string; count: number }[];
}

@Controller()
class ShopController {
  @Get('seen')
  seen(@Session() session: Session<Data>) {
    return { new: session.isNew, fields: Object.fromEntries(session.entries()) };
  }

  @Post('fill')
  fill(@Session() session: Session<Data>) {
    session.set('name', 'Ada').set('cart', [{ sku: 'pen', count: 1 }]);
  }

  @Post('rename')
  rename(@Session() session: Session<Data>) {
    session.set('name', 'Grace');
  }

  @Post('same')
  same(@Session() session: Session<Data>) {
    session.set('name', 'Ada').set('cart', [{ sku: 'pen', count: 1 }]);
  }

  @Post('mutate')
  mutate(@Session() session: Session<Data>) {
    session.get('cart')?.push({ sku: 'ink', count: 2 });
  }

  @Post('mutate-deeply')
  mutateDeeply(@Session() session: Session<Data>) {
    session.get('cart')![0]!.count++;
  }

  @Post('there-and-back')
  thereAndBack(@Session() session: Session<Data>) {
    const item = session.get('cart')![0]!;
    item.count++;
    session.delete('name');
    item.count--;
    session.set('name', 'Ada');
  }

  @Post('empty')
  empty(@Session() session: Session<Data>) {
    for (const key of session.keys()) session.delete(key);
  }

  @Post('clear')
  clear(@Session() session: Session<Data>) {
    session.clear();
  }

  @Post('save-once')
  async saveOnce(@Session() session: Session<Data>) {
    session.set('name', 'Grace');
    await session.save();
  }

  @Post('save-twice')
  async saveTwice(@Session() session: Session<Data>) {
    session.set('name', 'Grace');
    await session.save();
    session.set('cart', []);
    await session.save();
    await session.save();
  }

  @Post('save-and-go-on')
  async saveAndGoOn(@Session() session: Session<Data>) {
    session.set('name', 'Grace');
    await session.save();
    session.get('cart')?.push({ sku: 'ink', count: 2 });
  }

  @Post('redirect')
  @Redirect('/seen')
  redirect(@Session() session: Session<Data>) {
    session.set('name', 'Grace');
  }

  @Post('redirect-by-value')
  @Redirect()
  redirectByValue(@Session() session: Session<Data>) {
    session.set('name', 'Grace');
    return { url: '/seen', statusCode: 303 };
  }

  @Post('redirect-by-hand')
  redirectByHand(@Session() session: Session<Data>, @Res() reply: AnyReply) {
    session.set('name', 'Grace');
    void reply.status(302).redirect('/seen');
  }
}

const FILLED = { name: 'Ada', cart: [{ sku: 'pen', count: 1 }] };

describe.each(Object.entries(GROUNDS))('saving on %s', (_name, open) => {
  describe.each(LOADS)('%s', (load) => {
    const test = useApp(open, { controllers: [ShopController], options: { load } });

    /** A client with a filled session, and the counters back at zero. */
    async function customer(): Promise<Client> {
      const client = test.client();
      await client.post('/fill');
      test.calls.reset();
      return client;
    }

    async function fieldsOf(client: Client): Promise<unknown> {
      return (await client.get('/seen')).json<{ fields: unknown }>().fields;
    }

    it('B-15 I10 no byte of the answer leaves before the store has acknowledged', async () => {
      const client = await customer();
      const connection = await RawConnection.open(test.port);
      const held = test.calls.hold('update');
      connection.send({ method: 'POST', path: '/rename', headers: { Cookie: client.cookieHeader } });
      await held.reached;
      // Another request comes and goes meanwhile: whatever was sent before it has arrived by then.
      await test.client().get('/seen');
      expect(connection.received).toBe(0);
      held.release();
      await connection.firstByte();
      expect(await fieldsOf(client)).toMatchObject({ name: 'Grace' });
      connection.destroy();
    });

    it.each(['/redirect', '/redirect-by-value', '/redirect-by-hand'])(
      'B-16 the request that follows %s sees what was written',
      async (path) => {
        const client = await customer();
        const connection = await RawConnection.open(test.port);
        const held = test.calls.hold('update');
        connection.send({ method: 'POST', path, headers: { Cookie: client.cookieHeader } });
        await held.reached;
        await test.client().get('/seen');
        expect(connection.received).toBe(0);
        held.release();
        await connection.firstByte();
        expect(await fieldsOf(client)).toMatchObject({ name: 'Grace' });
        const answer = await connection.answer();
        expect([302, 303]).toContain(answer.status);
        expect(test.calls.calls.update).toBe(1);
        connection.destroy();
      },
    );

    it('B-20 a request that changes nothing writes nothing', async () => {
      const client = await customer();
      await client.get('/seen');
      await client.get('/seen');
      expect(test.calls.calls).toEqual(counts({ read: 2 }));
    });

    it('B-20 a session that is only read is touched once a minute at most', async () => {
      const client = await customer();
      test.clock.advance(59_999);
      await client.get('/seen');
      expect(test.calls.calls).toEqual(counts({ read: 1 }));
      test.clock.advance(1);
      await client.get('/seen');
      expect(test.calls.calls).toEqual(counts({ read: 2, touch: 1 }));
      await client.get('/seen');
      expect(test.calls.calls).toEqual(counts({ read: 3, touch: 1 }));
    });

    it('B-20 a write is a sign of life too, and needs no touch beside it', async () => {
      const client = await customer();
      test.clock.advance(10 * 60_000);
      await client.post('/rename');
      test.clock.advance(59_999);
      await client.get('/seen');
      expect(test.calls.calls).toEqual(counts({ read: 2, update: 1 }));
    });

    it('B-21 setting equal values is no change', async () => {
      const client = await customer();
      await client.post('/same');
      expect(test.calls.calls).toEqual(counts({ read: 1 }));
    });

    it('B-21 what was changed and changed back is no change', async () => {
      const client = await customer();
      await client.post('/there-and-back');
      expect(test.calls.calls).toEqual(counts({ read: 1 }));
    });

    it.each([
      ['/mutate', [...FILLED.cart, { sku: 'ink', count: 2 }]],
      ['/mutate-deeply', [{ sku: 'pen', count: 2 }]],
    ])('B-21 a nested mutation needs no announcement: %s', async (path, cart) => {
      const client = await customer();
      await client.post(path);
      expect(test.calls.calls).toEqual(counts({ read: 1, update: 1 }));
      expect(await fieldsOf(client)).toEqual({ ...FILLED, cart });
    });

    it('B-22 C-11 after an explicit save there is nothing left to save', async () => {
      const client = await customer();
      const answer = await client.post('/save-once');
      expect(test.calls.calls).toEqual(counts({ read: 1, update: 1 }));
      expect(answer.cookies).toEqual([]);
      expect(await fieldsOf(client)).toMatchObject({ name: 'Grace' });
    });

    it('B-22 an explicit save of a new session is the create, and the answer brings the cookie', async () => {
      const client = test.client();
      const answer = await client.post('/save-once');
      expect(test.calls.calls).toEqual(counts({ create: 1 }));
      expect(answer.cookies).toHaveLength(1);
      expect(await fieldsOf(client)).toEqual({ name: 'Grace' });
    });

    it('B-22 a save that has nothing to do does nothing', async () => {
      const client = await customer();
      await client.post('/save-twice');
      expect(test.calls.calls).toEqual(counts({ read: 1, update: 2 }));
    });

    it('B-22 what changes after an explicit save is sent alone', async () => {
      const client = await customer();
      const sent: string[][] = [];
      test.calls.fault = (verb, [, change]) => {
        if (verb === 'update') sent.push([...(change as { fields: Map<string, string> }).fields.keys()]);
      };
      await client.post('/save-and-go-on');
      expect(sent).toEqual([['name'], ['cart']]);
      expect(await fieldsOf(client)).toEqual({ name: 'Grace', cart: [...FILLED.cart, { sku: 'ink', count: 2 }] });
    });

    it.each(['/empty', '/clear'])(
      'B-26 C-29 a session emptied by %s is stored empty, and is still there',
      async (path) => {
        const client = await customer();
        const answer = await client.post(path);
        expect(answer.cookies).toEqual([]);
        expect(test.calls.calls).toEqual(counts({ read: 1, update: 1 }));
        expect((await client.get('/seen')).json()).toEqual({ new: false, fields: {} });
      },
    );

    it.each(['/empty', '/clear'])('B-26 I15 %s where nothing is stored stores nothing', async (path) => {
      const answer = await test.client().post(path);
      expect(answer.cookies).toEqual([]);
      expect(test.calls.total).toBe(0);
    });
  });
});
