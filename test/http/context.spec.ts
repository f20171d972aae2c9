import { setImmediate } from 'node:timers/promises';
import { Controller, Get, Injectable, Param, Post, Req, Res } from '@nestjs/common';
import type { Request } from 'express';
import { Session, SessionModuleMissingError, SessionService } from 'nest-sessions';
import { Barrier } from '../support/barrier.js';
import { watchCrashes } from '../support/crashes.js';
import { type AnyReply, rawOf } from '../support/platforms.js';
import { RawConnection, valuesOf } from '../support/raw.js';
import { GROUNDS } from '../support/stores.js';
import { counts, LOADS, useApp } from '../support/use-app.js';

interface Data {
  owner: string;
}

const OWNERS = Array.from({ length: 40 }, (_, index) => `owner-${index}`);
const ROUNDS = 50;

/** Deep in the application, where no request is at hand. */
@Injectable()
class Deep {
  constructor(private readonly service: SessionService) {}

  async owner(): Promise<string | undefined> {
    const session = await this.service.current<Data>();
    await setImmediate();
    return session.get('owner');
  }
}

/** Holds a handler. */
let handler = new Barrier();

@Controller()
class ContextController {
  /** What was seen that did not belong there. */
  static readonly foreign: string[] = [];

  constructor(
    private readonly service: SessionService,
    private readonly deep: Deep,
  ) {}

  @Post('own/:owner')
  own(@Session() session: Session<Data>, @Param('owner') owner: string) {
    session.set('owner', owner);
  }

  @Get('of')
  async of(@Req() request: Request) {
    return (await this.service.of<Data>(request)).get('owner') ?? 'nobody';
  }

  @Get('current')
  async current() {
    return (await this.service.current<Data>()).get('owner') ?? 'nobody';
  }

  @Get('same')
  async same(@Session() session: Session<Data>, @Req() request: Request) {
    const [current, of] = await Promise.all([this.service.current<Data>(), this.service.of<Data>(request)]);
    return { same: current === session && of === session };
  }

  @Get('current-or-error')
  async currentOrError() {
    const error: unknown = await this.service.current().catch((reason: unknown) => reason);
    return { error: error instanceof SessionModuleMissingError, message: (error as Error).message };
  }

  /** Looks again and again while others do, in calls, timers and promises of all kinds. */
  @Get('watch/:owner')
  async watch(@Param('owner') owner: string, @Req() request: Request) {
    const seen = [
      await this.deep.owner(),
      await Promise.resolve().then(() => this.deep.owner()),
      await new Promise<string | undefined>((resolve) => setTimeout(() => resolve(this.deep.owner()), 1)),
      ...(await Promise.all([this.deep.owner(), this.deep.owner()])),
      (await this.service.of<Data>(request)).get('owner'),
    ];
    note(owner, seen);
    return seen[0];
  }

  @Get('watch-stream/:owner')
  async *watchStream(@Param('owner') owner: string, @Req() request: Request) {
    const look = async () => (await this.service.of<Data>(request)).get('owner');
    const seen = [await look()];
    yield 'one';
    seen.push(await look());
    yield 'two';
    note(owner, seen);
  }

  @Get('watch-by-hand/:owner')
  async watchByHand(@Param('owner') owner: string, @Res() reply: AnyReply) {
    const response = rawOf(reply);
    const before = await this.deep.owner();
    response.write('x');
    note(owner, [before, await this.deep.owner()]);
    response.end();
  }

  @Get('keep')
  async keep(@Session() session: Session<Data>) {
    await handler.pass();
    return session.get('owner');
  }
}

function note(owner: string, seen: (string | undefined)[]): void {
  for (const one of seen) if (one !== owner) ContextController.foreign.push(`${owner} saw ${one}`);
}

describe.each(Object.entries(GROUNDS))('the session from anywhere, on %s', (_name, open) => {
  const settings = { controllers: [ContextController], providers: [Deep] };
  watchCrashes();

  describe.each(LOADS)('%s', (load) => {
    const test = useApp(open, { ...settings, options: { load } });

    it('SessionService.of() is the session of that request', async () => {
      const client = test.client();
      await client.post('/own/ada');
      test.calls.reset();
      expect((await client.get('/of')).text).toBe('ada');
      expect((await test.client().get('/of')).text).toBe('nobody');
      expect(test.calls.calls).toEqual(counts({ read: 1 }));
    });

    it('SessionService.of() of something that is no request is a clear error', async () => {
      await expect(test.service.of({})).rejects.toThrow(SessionModuleMissingError);
    });

    it('SessionService.current() outside of a request is a clear error', async () => {
      await expect(test.service.current()).rejects.toThrow(SessionModuleMissingError);
    });
  });

  describe('lazy', () => {
    const test = useApp(open, { ...settings, options: { load: 'lazy' } });

    it('SessionService.current() says that it needs eager loading', async () => {
      const answer = (await test.client().get('/current-or-error')).json<{ error: boolean; message: string }>();
      expect(answer.error).toBe(true);
      expect(answer.message).toContain('eager');
    });
  });

  describe('eager', () => {
    const test = useApp(open, { ...settings, options: { load: 'eager', storeTimeout: '10s', requestBudget: '10s' } });

    it('SessionService.current() is the session of this request, and the same one as everywhere', async () => {
      const client = test.client();
      await client.post('/own/ada');
      expect((await client.get('/current')).text).toBe('ada');
      expect((await client.get('/same')).json()).toEqual({ same: true });
      expect((await test.client().get('/current')).text).toBe('nobody');
    });

    it('C-40 I14 two thousand interleaved requests, many of them cut off, never see the session of another', async () => {
      ContextController.foreign.length = 0;
      const clients = await Promise.all(
        OWNERS.map(async (owner) => {
          const client = test.client();
          await client.post(`/own/${owner}`);
          return { owner, cookie: client.cookieHeader };
        }),
      );
      let answered = 0;
      await Promise.all(
        clients.map(async ({ cookie, owner }, number) => {
          for (let round = 0; round < ROUNDS; round++) {
            const kind = ['watch', 'watch-stream', 'watch-by-hand', 'watch', 'watch-stream'][(number + round) % 5];
            const connection = await RawConnection.open(test.port);
            connection.send({ path: `/${kind}/${owner}`, headers: { Cookie: cookie } });
            if ((number + round) % 4 === 0) {
              // Some before the server has read the request, some in the middle of the answer.
              if (round % 2) await connection.firstByte();
            } else {
              const answer = await connection.answer();
              expect(answer.status).toBe(200);
              expect(valuesOf(answer, 'set-cookie')).toEqual([]);
              answered++;
            }
            connection.destroy();
          }
        }),
      );
      expect(ContextController.foreign).toEqual([]);
      expect(answered).toBe((OWNERS.length * ROUNDS * 3) / 4);
    }, 30_000);

    it('C-40 a session that is held for long keeps what it loaded, whatever others do', async () => {
      const client = test.client();
      await client.post('/own/ada');
      handler = new Barrier();
      const kept = client.get('/keep');
      await handler.arrived(1);
      await client.post('/own/grace');
      handler.open();
      expect((await kept).text).toBe('ada');
      expect((await client.get('/current')).text).toBe('grace');
    });
  });
});
