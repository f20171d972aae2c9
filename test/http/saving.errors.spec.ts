import type { Server } from 'node:http';
import {
  ArgumentsHost,
  BadRequestException,
  Catch,
  Controller,
  ExceptionFilter,
  Get,
  HttpCode,
  HttpException,
  Injectable,
  Post,
  Req,
  Res,
  UseFilters,
} from '@nestjs/common';
import type { Request } from 'express';
import { Session, SessionService } from 'nest-sessions';
import { Barrier } from '../support/barrier.js';
import type { Client } from '../support/client.js';
import { watchCrashes } from '../support/crashes.js';
import { type AnyReply, rawOf } from '../support/platforms.js';
import { RawConnection } from '../support/raw.js';
import { GROUNDS } from '../support/stores.js';
import { counts, LOADS, nextEvent, useApp } from '../support/use-app.js';

interface Data {
  name: string;
  list: unknown[];
}

/** Leaves a note in the session, then answers with the status of the error, or 200 where it was asked to be kind. */
@Injectable()
@Catch()
class NotingFilter implements ExceptionFilter {
  constructor(private readonly service: SessionService) {}

  async catch(error: unknown, host: ArgumentsHost): Promise<void> {
    const http = host.switchToHttp();
    const request = http.getRequest<Request>();
    const session = await this.service.of<Data>(request);
    session.set('name', 'noted by the filter');
    const status = error instanceof HttpException ? error.getStatus() : 500;
    void http
      .getResponse<AnyReply>()
      .status(request.query['kind'] ? 200 : status)
      .send({ filtered: true });
  }
}

/** Holds the handlers of slow requests. */
let handler = new Barrier();

@Controller()
class ErrorsController {
  @Get('seen')
  seen(@Session() session: Session<Data>) {
    return Object.fromEntries(session.entries());
  }

  @Post('start')
  start(@Session() session: Session<Data>) {
    session.set('name', 'Ada').set('list', []);
  }

  @Post('plain-error')
  plainError(@Session() session: Session<Data>) {
    session.set('name', 'Grace');
    throw new Error('the application is broken');
  }

  @Post('http-500')
  http500(@Session() session: Session<Data>) {
    session.set('name', 'Grace');
    throw new HttpException('broken', 502);
  }

  @Post('status-500')
  @HttpCode(500)
  status500(@Session() session: Session<Data>) {
    session.set('name', 'Grace');
    return { sorry: true };
  }

  @Post('by-hand-500')
  byHand500(@Session() session: Session<Data>, @Res() reply: AnyReply) {
    session.set('name', 'Grace');
    void reply.status(503).send('later');
  }

  @Post('write-head-500')
  writeHead500(@Session() session: Session<Data>, @Res() reply: AnyReply) {
    session.set('name', 'Grace');
    rawOf(reply).writeHead(500, { 'Content-Type': 'text/plain' }).end('sorry');
  }

  @Post('http-400')
  http400(@Session() session: Session<Data>) {
    session.set('name', 'Grace');
    throw new BadRequestException();
  }

  @Post('saved-then-500')
  async savedThen500(@Session() session: Session<Data>) {
    session.set('name', 'Grace');
    await session.save();
    session.set('list', ['dropped']);
    throw new Error('the application is broken');
  }

  @Post('updated-then-500')
  async updatedThen500(@Session() session: Session<Data>) {
    await session.update('name', () => 'Grace');
    session.set('list', ['dropped']);
    throw new Error('the application is broken');
  }

  @Post('filtered')
  @UseFilters(NotingFilter)
  filtered(@Session() session: Session<Data>, @Req() request: Request) {
    session.set('list', ['from the handler']);
    throw new HttpException('odd', Number(request.query['status']));
  }

  @Post('slow')
  async slow(@Session() session: Session<Data>) {
    session.set('name', 'Grace');
    await handler.pass();
    return { done: true };
  }

  @Post('slow-writer')
  async slowWriter(@Session() session: Session<Data>) {
    session.set('name', 'Grace');
    await handler.pass();
    session.set('list', ['after the client had left']);
    return { done: true };
  }

  @Post('slow-by-hand')
  async slowByHand(@Session() session: Session<Data>, @Res() reply: AnyReply) {
    await handler.pass();
    session.set('name', 'Grace');
    void reply.send({ done: true });
  }

  @Post('slow-and-wrong')
  async slowAndWrong(@Session() session: Session<Data>) {
    session.get('list')?.push(() => 'no store can keep a function');
    await handler.pass();
    return { done: true };
  }

  @Post('wrong')
  wrong(@Session() session: Session<Data>) {
    session.get('list')?.push(() => 'no store can keep a function');
    return { done: true };
  }

  @Post('wrong-by-hand')
  wrongByHand(@Session() session: Session<Data>, @Res() reply: AnyReply) {
    session.get('list')?.push(() => 'no store can keep a function');
    void reply.send({ done: true });
  }
}

const DROPPING = ['/plain-error', '/http-500', '/status-500', '/by-hand-500', '/write-head-500'];

describe.each(Object.entries(GROUNDS))('errors and lost clients on %s', (_name, open) => {
  describe.each(LOADS)('%s', (load) => {
    const controllers = [ErrorsController];
    const test = useApp(open, { controllers, options: { load } });
    const keeping = useApp(open, { controllers, options: { load, saveOnError: true } });
    watchCrashes();

    async function visitor(of = test): Promise<Client> {
      const client = of.client();
      await client.post('/start');
      of.calls.reset();
      of.events.length = 0;
      return client;
    }

    async function seenBy(client: Client): Promise<unknown> {
      return (await client.get('/seen')).json();
    }

    it.each(DROPPING)('B-23 an answer of 500 and above drops what was written: %s', async (path) => {
      const client = await visitor();
      expect((await client.post(path)).status).toBeGreaterThanOrEqual(500);
      expect(test.calls.calls).toEqual(counts({ read: 1 }));
      expect(await seenBy(client)).toEqual({ name: 'Ada', list: [] });
    });

    it.each(DROPPING)('B-23 a stranger gets no session from an answer of 500 and above: %s', async (path) => {
      const answer = await test.client().post(path);
      expect(answer.cookies).toEqual([]);
      expect(test.calls.total).toBe(0);
    });

    it.each(DROPPING)('B-23 with saveOnError it is saved: %s', async (path) => {
      const client = await visitor(keeping);
      expect((await client.post(path)).status).toBeGreaterThanOrEqual(500);
      expect(keeping.calls.calls).toEqual(counts({ read: 1, update: 1 }));
      expect(await seenBy(client)).toEqual({ name: 'Grace', list: [] });
    });

    it('B-23 an answer of 400 and above saves', async () => {
      const client = await visitor();
      expect((await client.post('/http-400')).status).toBe(400);
      expect(test.calls.calls).toEqual(counts({ read: 1, update: 1 }));
      expect(await seenBy(client)).toEqual({ name: 'Grace', list: [] });
    });

    it.each(['/saved-then-500', '/updated-then-500'])(
      'B-23 what was saved explicitly stays, what came after it is dropped: %s',
      async (path) => {
        const client = await visitor();
        expect((await client.post(path)).status).toBe(500);
        expect(test.calls.calls).toEqual(counts({ read: 1, update: 1 }));
        expect(await seenBy(client)).toEqual({ name: 'Grace', list: [] });
      },
    );

    it('B-23 a new session that was saved explicitly has its cookie on the 500', async () => {
      const client = test.client();
      const answer = await client.post('/saved-then-500');
      expect(answer.status).toBe(500);
      expect(answer.cookies).toHaveLength(1);
      expect(await seenBy(client)).toEqual({ name: 'Grace' });
    });

    it('B-24 what an exception filter writes is saved, with what the handler wrote, in one go', async () => {
      const client = await visitor();
      expect((await client.post('/filtered?status=422')).status).toBe(422);
      expect(test.calls.calls).toEqual(counts({ read: 1, update: 1 }));
      expect(await seenBy(client)).toEqual({ name: 'noted by the filter', list: ['from the handler'] });
    });

    it('B-24 an exception filter that answers 500 has dropped it', async () => {
      const client = await visitor();
      expect((await client.post('/filtered?status=500')).status).toBe(500);
      expect(test.calls.calls).toEqual(counts({ read: 1 }));
    });

    it('B-24 the answer decides, not the exception: a filter that makes a page of it saves', async () => {
      const client = await visitor();
      expect((await client.post('/filtered?status=500&kind=1')).status).toBe(200);
      expect(await seenBy(client)).toEqual({ name: 'noted by the filter', list: ['from the handler'] });
    });

    it.each(['/wrong', '/wrong-by-hand'])(
      'B-53 what cannot be stored is a 500, and the rest stays: %s',
      async (path) => {
        const client = await visitor();
        const answer = await client.post(path);
        expect(answer.status).toBe(500);
        expect(answer.text).not.toContain('function');
        expect(test.calls.calls).toEqual(counts({ read: 1 }));
        expect(await seenBy(client)).toEqual({ name: 'Ada', list: [] });
      },
    );

    describe('the client leaves', () => {
      /** Sends a request, waits until its handler is at work, and hangs up. */
      async function hangUp(path: string, client: Client): Promise<void> {
        handler = new Barrier();
        const connection = await RawConnection.open(test.port);
        connection.send({ method: 'POST', path, headers: { Cookie: client.cookieHeader } });
        await handler.arrived(1);
        connection.destroy();
      }

      it('B-25 while the handler is at work: what it wrote until then is saved at once', async () => {
        const client = await visitor();
        const saved = nextEvent(test, 'saved');
        await hangUp('/slow', client);
        await saved;
        expect(await seenBy(client)).toEqual({ name: 'Grace', list: [] });
        handler.open();
        expect(test.calls.calls.update).toBe(1);
      });

      it('B-25 while the handler is at work: what it writes afterwards is saved too', async () => {
        const client = await visitor();
        const first = nextEvent(test, 'saved');
        await hangUp('/slow-writer', client);
        await first;
        const second = nextEvent(test, 'saved');
        handler.open();
        await second;
        expect(await seenBy(client)).toEqual({ name: 'Grace', list: ['after the client had left'] });
        expect(test.calls.calls.update).toBe(2);
      });

      it('B-25 while the handler is at work: an answer by hand that nobody gets is saved', async () => {
        const client = await visitor();
        const saved = nextEvent(test, 'saved');
        await hangUp('/slow-by-hand', client);
        handler.open();
        await saved;
        expect(await seenBy(client)).toEqual({ name: 'Grace', list: [] });
        expect(test.calls.calls.update).toBe(1);
      });

      it('B-25 while the session is being saved: it is', async () => {
        const client = await visitor();
        handler = new Barrier();
        handler.open();
        const held = test.calls.hold('update');
        const connection = await RawConnection.open(test.port);
        connection.send({ method: 'POST', path: '/slow', headers: { Cookie: client.cookieHeader } });
        await held.reached;
        connection.destroy();
        const saved = nextEvent(test, 'saved');
        held.release();
        await saved;
        expect(await seenBy(client)).toEqual({ name: 'Grace', list: [] });
        expect(test.calls.calls.update).toBe(1);
      });

      it('B-25 and the store fails: an event, and no crash', async () => {
        const client = await visitor();
        test.calls.fault = (verb) => {
          if (verb === 'update') throw new Error('the store is down');
        };
        const failed = nextEvent(test, 'store-error');
        await hangUp('/slow', client);
        await failed;
        handler.open();
        test.calls.fault = undefined;
        expect((await client.get('/seen')).status).toBe(200);
      });

      it('B-25 B-53 and the session cannot be stored: no crash', async () => {
        const client = await visitor();
        const closed = new Promise<void>((resolve) => {
          (test.app.getHttpServer() as Server).once('connection', (socket) => socket.once('close', () => resolve()));
        });
        await hangUp('/slow-and-wrong', client);
        await closed;
        handler.open();
        expect(await seenBy(client)).toEqual({ name: 'Ada', list: [] });
      });
    });
  });
});
