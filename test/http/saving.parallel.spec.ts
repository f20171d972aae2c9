import { Controller, Get, Param, Post, Query } from '@nestjs/common';
import { Session } from 'nest-sessions';
import { startApp, type TestApp } from '../support/app.js';
import type { Client } from '../support/client.js';
import { STORES } from '../support/stores.js';
import { LOADS, useApp } from '../support/use-app.js';

type Data = Record<string, number>;

@Controller()
class FieldsController {
  @Get('fields')
  fields(@Session() session: Session<Data>) {
    return Object.fromEntries(session.entries());
  }

  @Post('set/:name')
  set(@Session() session: Session<Data>, @Param('name') name: string, @Query('to') to: string) {
    session.set(name, Number(to));
  }

  @Post('delete/:name')
  delete(@Session() session: Session<Data>, @Param('name') name: string) {
    session.delete(name);
  }

  @Post('count/:name')
  count(@Session() session: Session<Data>, @Param('name') name: string) {
    return session.update(name, (value = 0) => value + 1);
  }

  @Post('count-twice')
  countTwice(@Session() session: Session<Data>) {
    const count = () => session.update('count', (value = 0) => value + 1);
    return Promise.all([count(), count()]);
  }

  @Post('count-slowly')
  countSlowly(@Session() session: Session<Data>) {
    const count = () => session.update('count', async (value = 0) => Promise.resolve(value + 1));
    return Promise.all([count(), count(), count()]);
  }

  @Post('set-and-count')
  async setAndCount(@Session() session: Session<Data>) {
    session.set('count', 10);
    return session.update('count', (value = 0) => value + 1);
  }
}

const controllers = [FieldsController];
const MANY = Array.from({ length: 50 }, (_, index) => index);

describe.each(Object.entries(STORES))('requests in parallel on %s', (_name, open) => {
  describe.each(LOADS)('%s', (load) => {
    const test = useApp(open, { controllers, options: { load, storeTimeout: '10s', requestBudget: '20s' } });

    async function visitor(of: TestApp = test): Promise<Client> {
      const client = of.client();
      await client.post('/set/start?to=1');
      of.calls.reset();
      return client;
    }

    async function fieldsOf(client: Client): Promise<Data> {
      return (await client.get('/fields')).json<Data>();
    }

    /** All requests have read before the first of them writes. */
    async function raced(work: () => Promise<unknown>[]): Promise<void> {
      const readers = MANY.length;
      let waiting = 0;
      let release = (): void => {};
      const everybody = new Promise<void>((resolve) => (release = resolve));
      test.calls.fault = (verb) => {
        if (verb !== 'update') return undefined;
        if (++waiting === readers) release();
        return everybody;
      };
      await Promise.all(work());
      test.calls.fault = undefined;
    }

    it('B-27 I6 fifty requests that set fifty fields at once leave fifty fields', async () => {
      const client = await visitor();
      await raced(() => MANY.map((index) => client.post(`/set/field${index}?to=${index}`)));
      const expected = Object.fromEntries(MANY.map((index) => [`field${index}`, index]));
      expect(await fieldsOf(client)).toEqual({ start: 1, ...expected });
      expect(test.calls.calls.update).toBe(50);
    });

    it('B-28 I7 of fifty requests that set one field at once one wins, and none fails', async () => {
      const client = await visitor();
      const values = MANY.map((index) => index + 100);
      const answers = await Promise.all(values.map((value) => client.post(`/set/start?to=${value}`)));
      expect(answers.every(({ status }) => status === 201)).toBe(true);
      const { start } = await fieldsOf(client);
      expect(values).toContain(start);
    });

    it('B-28 I7 the write that reaches the store last stays', async () => {
      const client = await visitor();
      const held = test.calls.hold('update');
      const first = client.post('/set/start?to=2');
      await held.reached;
      test.calls.fault = undefined;
      await client.post('/set/start?to=3');
      held.release();
      await first;
      expect(await fieldsOf(client)).toEqual({ start: 2 });
    });

    it('B-29 fifty update()s of one field at once count to exactly fifty', async () => {
      const client = await visitor();
      const answers = await Promise.all(MANY.map(() => client.post('/count/count')));
      const results = answers.map(({ text }) => Number(text)).sort((a, b) => a - b);
      expect(results).toEqual(MANY.map((index) => index + 1));
      expect(await fieldsOf(client)).toEqual({ start: 1, count: 50 });
    });

    it('B-29 fifty update()s of fifty fields at once lose none', async () => {
      const client = await visitor();
      await Promise.all(MANY.map((index) => client.post(`/count/count${index}`)));
      const expected = Object.fromEntries(MANY.map((index) => [`count${index}`, 1]));
      expect(await fieldsOf(client)).toEqual({ start: 1, ...expected });
    });

    it('B-29 update() starts from what this request has set', async () => {
      const client = await visitor();
      expect((await client.post('/set-and-count')).text).toBe('11');
      expect((await test.client().post('/set-and-count')).text).toBe('11');
    });

    it.each(['/count-twice', '/count-slowly'])(
      'B-29 update()s within one request count exactly, in a stored session: %s',
      async (path) => {
        const client = await visitor();
        const counted = (await client.post(path)).json<number[]>();
        expect(counted).toEqual(counted.map((_, index) => index + 1));
        expect((await fieldsOf(client))['count']).toBe(counted.length);
      },
    );

    it.each(['/count-twice', '/count-slowly'])(
      'B-29 update()s within one request count exactly, in a new session: %s',
      async (path) => {
        const client = test.client();
        const counted = (await client.post(path)).json<number[]>();
        expect(counted).toEqual(counted.map((_, index) => index + 1));
        expect((await fieldsOf(client))['count']).toBe(counted.length);
      },
    );

    it('B-30 a field deleted while another is written stays deleted', async () => {
      const client = await visitor();
      await client.post('/set/other?to=1');
      const held = test.calls.hold('update');
      const write = client.post('/set/other?to=2');
      await held.reached;
      test.calls.fault = undefined;
      await client.post('/delete/start');
      held.release();
      await write;
      expect(await fieldsOf(client)).toEqual({ other: 2 });
    });

    it('B-30 a field written while another is deleted stays written', async () => {
      const client = await visitor();
      const held = test.calls.hold('update');
      const removal = client.post('/delete/start');
      await held.reached;
      test.calls.fault = undefined;
      await client.post('/set/other?to=2');
      held.release();
      await removal;
      expect(await fieldsOf(client)).toEqual({ other: 2 });
    });
  });

  describe('two processes on one store', () => {
    const test = useApp(open, { controllers, options: { storeTimeout: '10s', requestBudget: '20s' } });
    let other: TestApp;

    // A second manager with queues of its own: nothing but the store is between the two.
    beforeAll(async () => {
      const options = { storeTimeout: '10s', requestBudget: '20s' };
      other = await startApp({ controllers, store: test.calls.store, clock: test.clock, options });
    });

    afterAll(() => other.close());

    it('B-29 their update()s of one field count to exactly fifty', async () => {
      const here = test.client();
      await here.post('/set/start?to=1');
      const there = other.client();
      there.jar.set('sid', here.jar.get('sid') ?? '');
      const answers = await Promise.all(MANY.map((index) => (index % 2 ? here : there).post('/count/count')));
      expect(answers.map(({ status }) => status)).toEqual(MANY.map(() => 201));
      expect((await here.get('/fields')).json()).toEqual({ start: 1, count: 50 });
    });

    it('B-27 their writes of different fields both stay', async () => {
      const here = test.client();
      await here.post('/set/start?to=1');
      const there = other.client();
      there.jar.set('sid', here.jar.get('sid') ?? '');
      await Promise.all(MANY.map((index) => (index % 2 ? here : there).post(`/set/field${index}?to=1`)));
      expect(Object.keys((await there.get('/fields')).json<Data>())).toHaveLength(51);
    });
  });
});
