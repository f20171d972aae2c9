import { Controller, Get, Post, UseGuards } from '@nestjs/common';
import {
  getSessionToken,
  type SessionOptions,
  SessionAuthGuard,
  Session,
  SessionModule,
  SessionService,
  type SessionStore,
} from 'nest-sessions';
import { FaultySessionStore } from 'nest-sessions/testing';
import { startApp, type TestApp } from '../support/app.js';
import { watchCrashes } from '../support/crashes.js';
import { type OpenStore, GROUNDS } from '../support/stores.js';
import { counts, LOADS } from '../support/use-app.js';

interface Data {
  seen: string;
}

@Controller()
class BothController {
  @Post('shop')
  shop(@Session() session: Session<Data>) {
    session.set('seen', 'shop');
    session.login('ada');
  }

  @Post('admin')
  admin(@Session({ name: 'admin' }) session: Session<Data>) {
    session.set('seen', 'admin');
    session.login('root');
  }

  @Post('both')
  both(@Session() shop: Session<Data>, @Session({ name: 'admin' }) admin: Session<Data>) {
    shop.set('seen', 'both');
    admin.set('seen', 'both');
  }

  @Post('wrong')
  wrong(@Session() shop: Session<Data>, @Session({ name: 'admin' }) admin: Session<{ list: unknown[] }>) {
    admin.set('list', []);
    admin.get('list')?.push(() => 'no store can keep a function');
    shop.set('seen', 'wrong');
  }

  @Post('leave')
  leave(@Session({ name: 'admin' }) admin: Session<Data>) {
    admin.logout();
  }

  @Get('seen')
  seen(@Session('seen') shop: string | undefined, @Session({ name: 'admin', key: 'seen' }) admin: string | undefined) {
    return { shop: shop ?? null, admin: admin ?? null };
  }

  @Get('office')
  @UseGuards(new SessionAuthGuard('admin'))
  office(@Session({ name: 'admin' }) session: Session<Data>) {
    return { user: session.userId };
  }
}

const SECRET = 'one secret for both sessions, thirty-two bytes';

describe.each(Object.entries(GROUNDS))('two sessions side by side on %s', (_name, open) => {
  describe.each(LOADS)('%s', (load) => {
    watchCrashes();
    let opened: OpenStore;
    let admins: FaultySessionStore;
    let test: TestApp;

    function start(store: SessionStore, second: SessionOptions, first: SessionOptions = {}): Promise<TestApp> {
      return startApp({
        controllers: [BothController],
        store,
        options: { load, ...first },
        imports: [SessionModule.forRoot(admins.store, { load, ...second })],
      });
    }

    beforeAll(async () => {
      opened = await open();
      admins = new FaultySessionStore(opened.store);
      const second = { name: 'admin', cookie: { name: 'admin' }, secret: SECRET };
      test = await start(opened.store, second, { secret: SECRET });
    });

    afterAll(async () => {
      await test.close();
      await opened.close();
    });

    beforeEach(() => {
      test.calls.reset();
      admins.reset();
    });

    it('B-64 each has a cookie, a record and a user of its own', async () => {
      const client = test.client();
      await client.post('/shop');
      expect([...client.jar.keys()]).toEqual(['sid']);
      expect((await client.get('/office')).status).toBe(401);
      await client.post('/admin');
      expect([...client.jar.keys()]).toEqual(['sid', 'admin']);
      expect((await client.get('/seen')).json()).toEqual({ shop: 'shop', admin: 'admin' });
      expect((await client.get('/office')).json()).toEqual({ user: 'root' });
      await client.post('/leave');
      expect((await client.get('/office')).status).toBe(401);
      expect((await client.get('/seen')).json()).toEqual({ shop: 'shop', admin: null });
    });

    it('B-64 both are saved before one answer, each once, with a cookie each', async () => {
      const client = test.client();
      const held = admins.hold('create');
      const answer = client.post('/both');
      await held.reached;
      held.release();
      expect((await answer).cookies).toHaveLength(2);
      expect(test.calls.calls).toEqual(counts({ create: 1 }));
      expect(admins.calls).toEqual(counts({ create: 1 }));
    });

    it('C-14 B-5 a token of one is forged to the other: the name is part of what is signed', async () => {
      const client = test.client();
      await client.post('/shop');
      const crossed = test.client();
      crossed.jar.set('admin', client.jar.get('sid') ?? '');
      admins.reset();
      expect((await crossed.get('/office')).status).toBe(401);
      expect(admins.total).toBe(0);
    });

    it('B-19 when one cannot be saved the answer is 503, and only what was stored gets its cookie', async () => {
      admins.fault = () => {
        throw new Error('the admin store is down');
      };
      const client = test.client();
      const answer = await client.post('/both');
      expect(answer.status).toBe(503);
      expect(answer.cookies.filter((line) => line.startsWith('admin='))).toEqual([]);
    });

    it('B-19 B-53 when one cannot be stored and the store of the other fails, it is one answer and no crash', async () => {
      const client = test.client();
      await client.post('/both');
      test.calls.fault = () => {
        throw new Error('the store is down');
      };
      const answer = await client.post('/wrong');
      expect(answer.status).toBeGreaterThanOrEqual(500);
      expect(answer.cookies).toEqual([]);
    });

    it('C-14 on one store without a secret, a token of one opens nothing in the other', async () => {
      const unsigned = await start(opened.store, { name: 'admin', cookie: { name: 'admin' } });
      try {
        const client = unsigned.client();
        await client.post('/shop');
        const crossed = unsigned.client();
        crossed.jar.set('admin', client.jar.get('sid') ?? '');
        expect((await crossed.get('/office')).status).toBe(401);
        expect((await crossed.get('/seen')).json()).toEqual({ shop: null, admin: null });
      } finally {
        await unsigned.close();
      }
    });

    it('B-64 without a cookie name of its own, the second does not take the cookie of the first', async () => {
      // Told at start-up, or two names of their own: whichever, but not one cookie for both.
      const started = await start(opened.store, { name: 'admin' }).catch((reason: unknown) => reason);
      if (started instanceof Error) {
        expect(started.message).toContain('cookie');
        return;
      }
      const app = started as TestApp;
      try {
        const client = app.client();
        await client.post('/shop');
        await client.post('/admin');
        expect((await client.get('/seen')).json()).toEqual({ shop: 'shop', admin: 'admin' });
      } finally {
        await app.close();
      }
    });

    it('B-64 the service of each knows its own sessions', async () => {
      const client = test.client();
      await client.post('/shop');
      await client.post('/admin');
      const service = test.app.get<SessionService>(getSessionToken(SessionService, 'admin'));
      expect(await test.service.list('root')).toEqual([]);
      const [session] = await service.list('root');
      expect(session).toMatchObject({ userId: 'root' });
      expect(await service.revoke(session?.id ?? '')).toBe(true);
      expect((await client.get('/seen')).json()).toEqual({ shop: 'shop', admin: null });
    });
  });
});
