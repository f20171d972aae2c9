import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { jest } from '@jest/globals';
import { Controller, Get } from '@nestjs/common';
import { MemorySessionStore, Session, SessionStoreFullError, SkipSession } from 'nest-sessions';
import {
  act,
  ActionController,
  type AnySession,
  begin,
  type Http,
  NOBODY,
  seenBy,
  user,
  visitor,
} from '../support/actions.js';
import { startApp, type TestApp } from '../support/app.js';
import type { Answer, Client } from '../support/client.js';
import { timed } from '../support/clock.js';
import { deployed, describeOnStores } from '../support/suite.js';

const STORE_TIMEOUT = 300;
/** What HTTP and a busy machine may add. Milliseconds. */
const MARGIN = 500;
/** The breaker opens after so many failures, and tries again after a second. */
const FAILURES = 5;

const down = () => {
  throw new Error('down');
};

const never = () => new Promise(() => {});

/** 503 and nothing else: no cookie set, replaced or cleared, nothing of what the handler had said. */
function expectOutage(answer: Answer): void {
  expect(answer).toMatchObject({ status: 503, cookies: [] });
  expect(answer.json()).toMatchObject({ statusCode: 503, message: expect.stringContaining('session store') });
}

type Verb = 'create' | 'read' | 'update' | 'delete';

const BROKEN: [string, Verb, (session: AnySession) => unknown][] = [
  ['a read', 'read', (session) => session.get('cart')],
  ['the first write of a stranger', 'create', (session) => void session.set('cart', [])],
  ['the login of a stranger', 'create', (session) => session.login('bob')],
  ['a write', 'update', (session) => void session.set('cart', [])],
  ['an update()', 'update', (session) => session.update('cart', () => [])],
  ['a save()', 'update', (session) => session.set('cart', []).save()],
  ['a flash', 'update', (session) => session.flash('notice', 'hello')],
  ['a regenerate', 'update', (session) => session.regenerate()],
  ['a login', 'update', (session) => session.login('ada')],
  ['a logout', 'delete', (session) => session.logout()],
  ['a destroy', 'delete', (session) => session.destroy()],
];

const ANSWERS: [string, (http: Http) => unknown][] = [
  ['is returned', ({ response }) => response.cookie('theirs', '1').set('X-Handler', '1') && undefined],
  [
    'is sent by the handler',
    ({ response }) => response.cookie('theirs', '1').set('X-Handler', '1').send('all is well'),
  ],
];

const FAULTS: [string, () => unknown][] = [
  ['fails', down],
  ['hangs', never],
];

describeOnStores('a store that', { options: { storeTimeout: STORE_TIMEOUT, requestBudget: 1_000 } }, (app) => {
  describe.each(FAULTS)('%s', (_how, fault) => {
    describe.each(ANSWERS)('when the answer %s', (_way, send) => {
      it.each(BROKEN)('F1 I-11 I-21 makes %s a 503 in time', async (_what, broken, action) => {
        const client = broken === 'create' ? app.client() : await user(app, 'ada');
        const before = await seenBy(client);
        app.calls.fault = (verb) => (verb === broken ? fault() : undefined);
        const answer = await timed(
          act(client, async (session, http) => {
            await action(session);
            send(http);
          }),
        );
        app.calls.reset();
        expectOutage(answer);
        expect(answer.headers.get('x-handler')).toBeNull();
        expect(answer.elapsed).toBeLessThan(STORE_TIMEOUT + MARGIN);
        expect(await seenBy(client)).toMatchObject({ ...before, id: expect.any(String) });
      });
    });
  });

  it.each(BROKEN)('F1 fails says with the answer to %s when to try again', async (_what, broken, action) => {
    const client = broken === 'create' ? app.client() : await user(app, 'ada');
    app.calls.fault = (verb) => (verb === broken ? down() : undefined);
    const answer = await act(client, async (session) => void (await action(session)));
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
  });

  it('I-18 is slow each time takes no more than the budget of a request all told', async () => {
    await deployed(app, { storeTimeout: 150, requestBudget: 250 }, async (next) => {
      const client = await visitor(next);
      next.calls.fault = () => sleep(100);
      const answer = await timed(
        act(client, async (session) => {
          for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) await session.set(name, 1).save();
        }),
      );
      expectOutage(answer);
      expect(answer.elapsed).toBeLessThan(250 + MARGIN);
      expect(next.calls.calls.update).toBeLessThanOrEqual(3);
      for (let count = 0; count < FAILURES; count++) await act(client, (session) => session.set('x', count).save());
      next.calls.reset();
      expect((await seenBy(client)).isNew).toBe(false);
    });
  });
});

describe('the circuit breaker', () => {
  let app: TestApp;
  let client: Client;
  const look = () => act(client, (session) => session.get('cart') as unknown);

  beforeEach(async () => {
    app = await startApp({ controllers: [ActionController], store: new MemorySessionStore({ maxSessions: 50 }) });
    client = await visitor(app);
    app.calls.reset();
  });

  afterEach(() => app.close());

  async function trip(): Promise<void> {
    app.calls.fault = down;
    for (let count = 0; count < FAILURES; count++) expectOutage(await look());
  }

  it('F1 leaves a store alone that failed five times in a row, and answers meanwhile', async () => {
    await trip();
    app.events.length = 0;
    for (let count = 0; count < 10; count++) expectOutage(await look());
    expect(app.calls.calls.read).toBe(FAILURES);
    expect(app.events).toEqual([]);
  });

  it('F1 sends one call a second to find out, and goes on when it succeeds', async () => {
    await trip();
    app.clock.advance(999);
    expectOutage(await look());
    app.clock.advance(1);
    expectOutage(await look());
    expectOutage(await look());
    expect(app.calls.calls.read).toBe(FAILURES + 1);
    app.clock.advance(1_000);
    const held = app.calls.hold('read');
    const probe = look();
    await held.reached;
    expectOutage(await look());
    held.release();
    expect((await probe).status).toBe(200);
    expect((await look()).status).toBe(200);
  });

  it('F1 counts failures in a row: one success and it begins anew', async () => {
    for (let round = 0; round < 3; round++) {
      app.calls.fault = down;
      for (let count = 1; count < FAILURES; count++) expectOutage(await look());
      app.calls.fault = undefined;
      expect((await look()).status).toBe(200);
    }
  });

  it('B-47 a clock set back does not keep it open', async () => {
    await trip();
    app.calls.fault = undefined;
    app.clock.advance(-60 * 60_000);
    expect((await look()).status).toBe(200);
  });

  it('DESIGN 5 does not count conflicts', async () => {
    for (let count = 0; count < 2 * FAILURES; count++) {
      const slow = await begin(client.copy(), (session) => session.set('late', 1));
      await act(client, (session) => session.regenerate());
      expect((await slow.finish()).status).toBe(409);
    }
    expect((await look()).status).toBe(200);
  });

  it('does not count a store that is full: it has answered', async () => {
    app.calls.fault = (verb) => {
      if (verb === 'create') throw new SessionStoreFullError('no room');
    };
    for (let count = 0; count < 2 * FAILURES; count++) {
      const answer = await act(app.client(), (session) => session.set('cart', []));
      expect(answer).toMatchObject({ status: 503, cookies: [] });
    }
    expect((await look()).status).toBe(200);
  });
});

describe('onStoreError: anonymous', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp({ controllers: [ActionController], options: { onStoreError: 'anonymous' } });
  });

  afterAll(() => app.close());

  beforeEach(() => app.clock.advance(1_000));

  it("I-21 shows a stranger's session, and leaves the cookie alone", async () => {
    const client = await user(app, 'ada');
    app.calls.fault = down;
    const answer = await act(client, (session) => [session.isNew, session.userId, session.entries()]);
    expect(answer).toMatchObject({ status: 200, cookies: [], result: [true, undefined, []] });
    app.calls.reset();
    expect((await seenBy(client)).userId).toBe('ada');
  });

  const WRITES: [string, (session: AnySession) => unknown][] = [
    ['set', (session) => void session.set('cart', [])],
    ['update', (session) => session.update('cart', () => [])],
    ['flash', (session) => session.flash('notice', 'hello')],
    ['login', (session) => session.login('bob')],
    ['logout', (session) => session.logout()],
    ['regenerate', (session) => session.regenerate()],
    ['save', (session) => session.save()],
  ];

  it.each(WRITES)('I-11 refuses a %s with 503: nothing is half done', async (_what, write) => {
    app.calls.fault = undefined;
    const client = await user(app, 'ada');
    app.calls.fault = down;
    const answer = await act(client, write);
    app.calls.reset();
    expect(answer).toMatchObject({ status: 503, cookies: [] });
    expect((await seenBy(client)).userId).toBe('ada');
  });
});

describe('pages during an outage', () => {
  @Controller()
  class PagesController {
    @Get('public')
    page() {
      return 'open';
    }

    @Get('skipped')
    @SkipSession()
    skipped() {
      return 'open';
    }

    @Get('private')
    private(@Session('cart') cart: unknown) {
      return { cart };
    }
  }

  it.each([
    ['eager', '/public', 200],
    ['eager', '/skipped', 200],
    ['eager', '/private', 503],
    ['eager', '/nowhere', 404],
    ['lazy', '/public', 200],
    ['lazy', '/private', 503],
  ] as const)('B-69 loading %s: %s is answered %i', async (load, path, status) => {
    const app = await startApp({ controllers: [PagesController, ActionController], options: { load } });
    const client = await visitor(app);
    app.calls.fault = down;
    expect(await client.get(path)).toMatchObject({ status, cookies: [] });
    expect((await app.client().get('/public')).status).toBe(200);
    await app.close();
  });
});

describeOnStores('an acknowledgement that is lost', {}, (app) => {
  /** The store does it, and the connection breaks before it can say so. */
  function loseAck(verb: Verb): void {
    const real = app.store[verb].bind(app.store) as (...args: unknown[]) => Promise<unknown>;
    jest.spyOn(app.store as unknown as Record<Verb, typeof real>, verb).mockImplementationOnce(async (...args) => {
      await real(...args);
      throw new Error('connection lost');
    });
  }

  afterEach(() => jest.restoreAllMocks());

  it.each([
    ['first write', (session: AnySession) => void session.set('cart', [])],
    ['login', (session: AnySession) => session.login('ada')],
  ])("I-11 of a stranger's %s leaves nobody with a token", async (_what, action) => {
    const client = app.client();
    loseAck('create');
    expectOutage(await act(client, action));
    expect(client.jar.size).toBe(0);
    expect(await seenBy(client)).toEqual(NOBODY);
  });

  it.each([
    ['login', (session: AnySession) => session.login('ada')],
    ['regenerate', (session: AnySession) => session.regenerate()],
  ])('I-11 I-13 of a %s leaves nothing that the old token opens', async (_what, action) => {
    const client = await visitor(app);
    loseAck('update');
    expectOutage(await act(client, action));
    expect(await seenBy(client)).toEqual(NOBODY);
    app.clock.advance(30_000);
    expect((await act(client, (session) => session.set('fresh', 1))).status).toBe(200);
    expect((await seenBy(client)).data).toEqual({ fresh: 1 });
  });

  it('I-2 of a logout is a logout all the same', async () => {
    const client = await user(app, 'ada');
    loseAck('delete');
    expectOutage(await act(client, (session) => session.logout()));
    expect(await seenBy(client)).toEqual(NOBODY);
  });

  it('of a write is told as a failure, and the session goes on', async () => {
    const client = await visitor(app);
    loseAck('update');
    expectOutage(await act(client, (session) => session.set('count', 1)));
    expect((await seenBy(client)).isNew).toBe(false);
  });
});

describeOnStores('an id that is taken', {}, (app) => {
  afterEach(() => jest.restoreAllMocks());

  it('R-6 C-9 B-8 is left to its owner: the session gets another', async () => {
    const create = jest.spyOn(app.store, 'create').mockResolvedValueOnce(false);
    const client = await visitor(app);
    const [first, second] = create.mock.calls.map(([record]) => record.id);
    expect((await seenBy(client)).id).toBe(second);
    expect(second).not.toBe(first);
  });

  it('R-6 C-9 again and again is a broken random source: 500, and no cookie', async () => {
    const create = jest.spyOn(app.store, 'create').mockResolvedValue(false);
    const answer = await act(app.client(), (session) => session.login('ada'));
    expect(answer).toMatchObject({ status: 500, cookies: [] });
    expect(create).toHaveBeenCalledTimes(3);
  });
});

describe('a failure', () => {
  it('C-28 is told to the log and the events with what it was about, and to the client without', async () => {
    const app = await startApp({ controllers: [ActionController] });
    const client = await visitor(app);
    app.calls.fault = () => {
      throw new Error('password authentication failed for user "shop"');
    };
    const answer = await act(client, (session, { response }) => void response.send(session.id));
    expect(answer.text).not.toContain('shop');
    expect(inspect(app.events.filter(({ type }) => type === 'store-error'))).toContain('authentication failed');
    await app.close();
  });
});
