import {
  type CanActivate,
  Controller,
  type ExecutionContext,
  Get,
  Injectable,
  Post,
  Req,
  UseGuards,
} from '@nestjs/common';
import type { Request } from 'express';
import { Session, SessionAuthGuard, SessionService } from 'nest-sessions';
import { GROUNDS } from '../support/stores.js';
import { counts, LOADS, useApp } from '../support/use-app.js';

interface Data {
  visits: number;
}

/** Asks for the session a few times at once, as a careless guard would. */
@Injectable()
class CuriousGuard implements CanActivate {
  constructor(private readonly service: SessionService) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<Request>();
    const sessions = await Promise.all([1, 2, 3].map(() => this.service.of<Data>(request)));
    return new Set(sessions).size === 1;
  }
}

@Controller()
class VisitsController {
  constructor(private readonly service: SessionService) {}

  @Get('none')
  none() {
    return {};
  }

  @Get('read')
  read(@Session() session: Session<Data>) {
    return { visits: session.get('visits') ?? null };
  }

  @Post('write')
  write(@Session() session: Session<Data>) {
    session.set('visits', 1);
  }

  @Post('login')
  login(@Session() session: Session<Data>) {
    session.login('ada');
  }

  @Get('everywhere')
  @UseGuards(CuriousGuard, SessionAuthGuard)
  async everywhere(@Session() session: Session<Data>, @Session() again: Session<Data>, @Req() request: Request) {
    const others = await Promise.all([this.service.of(request), this.service.of(request)]);
    return { same: [again, ...others].every((other) => other === session) };
  }
}

describe.each(Object.entries(GROUNDS))('loading and creation on %s', (_name, open) => {
  describe.each(LOADS)('%s', (load) => {
    const test = useApp(open, { controllers: [VisitsController], options: { load } });

    it('B-1 a stranger who only reads costs no store call and gets no cookie', async () => {
      const answer = await test.client().get('/read');
      expect(answer.json()).toEqual({ visits: null });
      expect(answer.cookies).toEqual([]);
      expect(test.calls.total).toBe(0);
    });

    it('B-2 the first write is one create, and the cookie comes after the store has acknowledged it', async () => {
      const held = test.calls.hold('create');
      let answered = false;
      const client = test.client();
      const answer = client.post('/write').finally(() => (answered = true));
      await held.reached;
      expect(answered).toBe(false);
      held.release();
      expect((await answer).cookies).toHaveLength(1);
      expect(test.calls.calls).toEqual(counts({ create: 1 }));
      expect((await client.get('/read')).json()).toEqual({ visits: 1 });
    });

    it('B-4 guards, decorators and service share one read, even when they ask at once', async () => {
      const client = test.client();
      await client.post('/login');
      test.calls.reset();
      const answer = await client.get('/everywhere');
      expect(answer.json()).toEqual({ same: true });
      expect(test.calls.calls).toEqual(counts({ read: 1 }));
    });

    it('B-4 a slow load is waited for once by everybody', async () => {
      const client = test.client();
      await client.post('/login');
      test.calls.reset();
      const held = test.calls.hold('read');
      const answer = client.get('/everywhere');
      await held.reached;
      held.release();
      expect((await answer).json()).toEqual({ same: true });
      expect(test.calls.calls).toEqual(counts({ read: 1 }));
    });

    it('I15 a stranger before a guard costs no store call', async () => {
      const answer = await test.client().get('/everywhere');
      expect(answer.status).toBe(401);
      expect(answer.cookies).toEqual([]);
      expect(test.calls.total).toBe(0);
    });
  });

  describe('a route that does not ask for the session', () => {
    const eager = useApp(open, { controllers: [VisitsController], options: { load: 'eager' } });
    const lazy = useApp(open, { controllers: [VisitsController], options: { load: 'lazy' } });

    it('B-3 costs one read and no write when loading is eager, and its answer may be cached', async () => {
      const client = eager.client();
      await client.post('/write');
      eager.calls.reset();
      const answer = await client.get('/none');
      expect(eager.calls.calls).toEqual(counts({ read: 1 }));
      expect(answer.cookies).toEqual([]);
      expect(answer.headers.get('vary')).toBeNull();
    });

    it('B-3 keeps the session alive when loading is eager', async () => {
      const client = eager.client();
      await client.post('/write');
      for (let minutes = 0; minutes < 60; minutes += 20) {
        eager.clock.advance(20 * 60_000);
        await client.get('/none');
      }
      expect((await client.get('/read')).json()).toEqual({ visits: 1 });
    });

    it('B-3 costs no store call when loading is lazy, even with a good cookie', async () => {
      const client = lazy.client();
      await client.post('/write');
      lazy.calls.reset();
      const answer = await client.get('/none');
      expect(lazy.calls.total).toBe(0);
      expect(answer.cookies).toEqual([]);
      expect(answer.headers.get('vary')).toBeNull();
    });

    it('B-3 is no sign of life when loading is lazy', async () => {
      const client = lazy.client();
      await client.post('/write');
      for (let minutes = 0; minutes < 60; minutes += 20) {
        lazy.clock.advance(20 * 60_000);
        await client.get('/none');
      }
      expect((await client.get('/read')).json()).toEqual({ visits: null });
    });
  });
});
