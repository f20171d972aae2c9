import { Controller, Get, Injectable, Req, Res, Sse } from '@nestjs/common';
import type { Request, Response } from 'express';
import { concat, finalize, NEVER, of } from 'rxjs';
import { Barrier } from '../support/barrier.js';
import { watchCrashes } from '../support/crashes.js';
import { type AnyReply, rawOf } from '../support/platforms.js';
import { exchange, RawConnection, valuesOf } from '../support/raw.js';
import { GROUNDS, STORES } from '../support/stores.js';
import { counts, LOADS, useApp } from '../support/use-app.js';
import { Marker, MARKING } from './answers.js';
import { SIZES, Sources, STREAMS, StreamsController } from './streams.js';

/** What a handler noted that went on after its answer had failed. */
@Injectable()
class Notebook {
  notes: string[] = [];
  handler = new Barrier();
}

@Controller()
class StubbornController {
  constructor(
    private readonly marker: Marker,
    private readonly notebook: Notebook,
  ) {}

  @Get('go-on')
  async goOn(@Req() request: Request, @Res() reply: AnyReply) {
    const response = rawOf(reply);
    const { handler, notes } = this.notebook;
    response.on('finish', () => notes.push('finish'));
    response.on('close', () => notes.push('close'));
    response.on('error', (error) => notes.push(`error ${error.message}`));
    await this.marker.mark(request);
    response.write('a', () => notes.push('first write'));
    await handler.pass();
    notes.push(`sent ${response.headersSent} ended ${response.writableEnded} drain ${response.writableNeedDrain}`);
    notes.push(`taken ${response.write('b', () => notes.push('second write'))}`);
    try {
      response.setHeader('X-Late', '1');
    } catch (error) {
      notes.push((error as { code: string }).code);
    }
    response.end('c', () => notes.push('end'));
    response.end();
    notes.push('returned');
    await handler.pass();
  }

  @Get('throw')
  async throw(@Req() request: Request, @Res() reply: AnyReply) {
    await this.marker.mark(request);
    void reply.send({ ok: true });
    await this.notebook.handler.pass();
    throw new Error('after the answer had failed');
  }

  @Sse('events')
  async events(@Req() request: Request) {
    const { notes } = this.notebook;
    await this.marker.mark(request);
    return concat(of({ data: 'first' }), NEVER).pipe(finalize(() => notes.push('torn down')));
  }
}

describe('when even the failure cannot be told', () => {
  const down = (verb: string): void => {
    if (verb === 'create') throw new Error('the store is down');
  };
  const fail = (): never => {
    throw new Error('a mistake of the application');
  };
  const settings = { controllers: [StubbornController], providers: [MARKING, Notebook] };
  const open = STORES['memory']!;
  const silent = useApp(open, { ...settings, options: { logger: { warn: fail, error: fail } } });
  const broken = useApp(open, {
    ...settings,
    prepare: (app) =>
      app.use((_request: Request, response: Response, next: () => void) => {
        response.writeHead = fail;
        next();
      }),
  });
  watchCrashes();

  it('B-19 a logger that throws costs nobody the answer', async () => {
    silent.calls.fault = down;
    const answer = await exchange(silent.port, { path: '/throw' });
    expect(answer.status).toBe(503);
  });

  it.each([
    ['has failed', down],
    ['was a success', undefined],
  ])('B-19 middleware that throws after the save %s ends the connection, and not the process', async (_how, fault) => {
    broken.calls.fault = fault;
    await expect(exchange(broken.port, { path: '/throw' })).rejects.toThrow('The connection closed');
  });
});

describe.each(Object.entries(GROUNDS))('after the save has failed, on %s', (_name, open) => {
  describe.each(LOADS)('%s', (load) => {
    const test = useApp(open, {
      controllers: [StubbornController, StreamsController],
      providers: [MARKING, Sources, Notebook],
      options: { load },
    });
    watchCrashes();
    let notebook: Notebook;

    beforeEach(() => {
      notebook = test.app.get(Notebook);
      Object.assign(notebook, { notes: [], handler: new Barrier() });
      test.calls.fault = (verb) => {
        if (verb === 'create') throw new Error('the store is down');
      };
    });

    /** The 503, and nothing but. */
    async function expectRefused(connection: RawConnection): Promise<void> {
      const answer = await connection.answer();
      expect(answer.status).toBe(503);
      expect(JSON.parse(answer.text)).toMatchObject({ statusCode: 503 });
      expect(valuesOf(answer, 'set-cookie')).toEqual([]);
    }

    it('B-19 a handler that goes on sending is told nothing, swallowed, and called back', async () => {
      const { handler, notes } = notebook;
      const connection = await RawConnection.open(test.port);
      connection.send({ path: '/go-on' });
      await expectRefused(connection);
      handler.open();
      // Once more when it is through.
      await handler.arrived(2);
      await exchange(test.port, { path: '/nowhere' });
      expect(notes).toEqual(expect.arrayContaining(['sent true ended true drain false', 'taken true', 'returned']));
      expect(notes).toContain('ERR_HTTP_HEADERS_SENT');
      expect(notes.filter((note) => note === 'finish')).toHaveLength(1);
      // Whoever awaits a callback must not wait for ever.
      expect(notes).toEqual(expect.arrayContaining(['first write', 'second write', 'end']));
      expect(connection.received).toBe(0);
      connection.destroy();
    });

    it('B-19 the next request on the connection is served', async () => {
      const { handler } = notebook;
      const connection = await RawConnection.open(test.port);
      connection.send({ path: '/throw' });
      await expectRefused(connection);
      handler.open();
      test.calls.fault = undefined;
      if (!connection.socket.readableEnded) {
        connection.send({ path: '/nowhere' });
        expect((await connection.answer()).status).toBe(404);
      }
      connection.destroy();
    });

    it('B-19 HEAD gets the status and no body, and the connection goes on', async () => {
      notebook.handler.open();
      const connection = await RawConnection.open(test.port);
      connection.send({ method: 'HEAD', path: '/throw' });
      const answer = await connection.answer();
      expect([answer.status, answer.text]).toEqual([503, '']);
      connection.send({ path: '/nowhere' });
      expect((await connection.answer()).status).toBe(404);
      connection.destroy();
    });

    it('B-19 a handler that throws afterwards changes nothing', async () => {
      const { handler } = notebook;
      const connection = await RawConnection.open(test.port);
      connection.send({ path: '/throw' });
      await expectRefused(connection);
      handler.open();
      await exchange(test.port, { path: '/nowhere' });
      expect(connection.received).toBe(0);
      expect(test.calls.calls.create).toBe(1);
      connection.destroy();
    });

    describe.each([
      ['large', SIZES.large],
      ['small', SIZES.small],
    ])('%s', (_size, size) => {
      it.each(STREAMS)('B-19 the source of %s is not left hanging', async (path) => {
        const sources = test.app.get(Sources);
        sources.size = size;
        const connection = await RawConnection.open(test.port);
        connection.send({ path });
        const answer = await connection.answer();
        expect(answer.status).toBe(503);
        expect(answer.text).not.toContain('xxx');
        await sources.done;
        expect(connection.received).toBe(0);
        connection.destroy();
        expect(test.calls.calls).toEqual(counts({ create: 1 }));
      });
    });

    it('B-19 an event stream is torn down', async () => {
      const connection = await RawConnection.open(test.port);
      connection.send({ path: '/events' });
      await expectRefused(connection);
      // By itself: the client keeps the connection, as browsers and proxies do.
      for (let tries = 0; tries < 20 && notebook.notes.length === 0; tries++) {
        await exchange(test.port, { path: '/nowhere' });
      }
      expect(notebook.notes).toEqual(['torn down']);
      connection.destroy();
    });
  });
});
