import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { Controller, Get, Injectable, Param, Req, Res, Sse } from '@nestjs/common';
import type { Request } from 'express';
import { concat, defer, map, of, timer } from 'rxjs';
import { Session, SessionCommittedError, SessionService } from 'nest-sessions';
import type { Client } from '../support/client.js';
import { watchCrashes } from '../support/crashes.js';
import { type AnyReply, rawOf } from '../support/platforms.js';
import { GROUNDS } from '../support/stores.js';
import { counts, LOADS, useApp } from '../support/use-app.js';

interface Data {
  name: string;
  count: number;
}

/** Everything that would have to be saved, or to set a cookie. */
const WRITES: Record<string, (session: Session<Data>) => unknown> = {
  set: (session) => session.set('name', 'late'),
  delete: (session) => session.delete('name'),
  clear: (session) => session.clear(),
  flash: (session) => session.flash('info', 'late'),
  flashes: (session) => session.flashes('info'),
  keepFlashes: (session) => session.keepFlashes(),
  login: (session) => session.login('ada'),
  logout: (session) => session.logout(),
  regenerate: (session) => session.regenerate(),
  destroy: (session) => session.destroy(),
};

@Injectable()
class Notebook {
  /** What the last write that came too late threw. */
  error: unknown;
}

@Controller()
class LateController {
  constructor(
    private readonly service: SessionService,
    private readonly notebook: Notebook,
  ) {}

  @Get('seen')
  seen(@Session() session: Session<Data>) {
    return Object.fromEntries(session.entries());
  }

  @Get('start')
  start(@Session() session: Session<Data>) {
    session.set('name', 'Ada').set('count', 1);
    session.flash('info', 'early');
  }

  @Get('messages')
  messages(@Session() session: Session<Data>) {
    return session.flashes('info');
  }

  @Get('write/:name')
  write(@Param('name') name: string, @Session() session: Session<Data>, @Res() reply: AnyReply) {
    const response = rawOf(reply);
    response.write('sent, ');
    response.end(this.#try(() => WRITES[name]!(session)));
  }

  @Get('after-finish/:name')
  async afterFinish(@Param('name') name: string, @Session() session: Session<Data>, @Res() reply: AnyReply) {
    const response = rawOf(reply);
    response.end('done');
    await once(response, 'finish');
    this.#try(() => WRITES[name]!(session));
  }

  @Get('generator/:name')
  async *generator(@Param('name') name: string, @Session() session: Session<Data>) {
    yield 'sent, ';
    yield this.#try(() => WRITES[name]!(session));
  }

  @Sse('events/:name')
  events(@Param('name') name: string, @Session() session: Session<Data>, @Req() request: Request) {
    const sent = bytesSent(request);
    const late = defer(() => sent.then(() => this.#try(() => WRITES[name]!(session))));
    return concat(of('sent'), late).pipe(map((data) => ({ data })));
  }

  @Get('generator-early')
  async *generatorEarly(@Session() session: Session<Data>) {
    session.set('name', 'before the first chunk');
    yield 'sent';
  }

  @Sse('events-early')
  eventsEarly(@Session() session: Session<Data>) {
    session.set('name', 'before the first event');
    return of({ data: 'sent' });
  }

  @Get('update')
  async update(@Session() session: Session<Data>, @Res() reply: AnyReply) {
    const response = rawOf(reply);
    response.write('sent, ');
    const count = await session.update('count', (value = 0) => value + 1);
    response.end(String(count));
  }

  @Get('update-in-generator')
  async *updateInGenerator(@Session() session: Session<Data>) {
    yield 'sent, ';
    yield String(await session.update('count', (value = 0) => value + 1));
  }

  @Sse('update-in-events')
  updateInEvents(@Session() session: Session<Data>) {
    const late = timer(1).pipe(map(() => session.update('count', (value = 0) => value + 1)));
    return concat(
      of('sent'),
      defer(() => late),
    ).pipe(map((data) => ({ data: typeof data === 'string' ? data : 'sent' })));
  }

  @Get('update-new')
  async updateNew(@Session() session: Session<Data>, @Res() reply: AnyReply) {
    const response = rawOf(reply);
    response.write('sent, ');
    const error = await session.update('count', () => 1).catch((reason: unknown) => reason);
    this.notebook.error = error;
    response.end();
  }

  @Get('opened-late/:name')
  async openedLate(@Param('name') name: string, @Req() request: Request, @Res() reply: AnyReply) {
    const response = rawOf(reply);
    response.write('sent, ');
    const session = await this.service.of<Data>(request);
    response.end(this.#try(() => WRITES[name]!(session)));
  }

  @Get('loading/:name')
  async loading(@Param('name') name: string, @Req() request: Request, @Res() reply: AnyReply) {
    const response = rawOf(reply);
    const opening = this.service.of<Data>(request);
    response.write('sent, ');
    const session = await opening;
    response.end(this.#try(() => WRITES[name]!(session)));
  }

  #try(work: () => unknown): string {
    this.notebook.error = undefined;
    try {
      work();
      return 'silence';
    } catch (error) {
      this.notebook.error = error;
      return (error as Error).name;
    }
  }
}

/** Resolves once the first byte of the answer is on its way. */
async function bytesSent({ socket }: Request): Promise<void> {
  for (const before = socket.bytesWritten; socket.bytesWritten === before;) await setImmediate();
}

const NAMES = Object.keys(WRITES);

describe.each(Object.entries(GROUNDS))('after the first byte on %s', (_name, open) => {
  describe.each(LOADS)('%s', (load) => {
    const test = useApp(open, { controllers: [LateController], providers: [Notebook], options: { load } });
    watchCrashes();

    async function visitor(): Promise<Client> {
      const client = test.client();
      await client.get('/start');
      test.calls.reset();
      return client;
    }

    describe.each([
      ['@Res()', '/write', 'sent, SessionCommittedError'],
      ['a generator', '/generator', 'sent, SessionCommittedError'],
      ['an event stream', '/events', '\nid: 1\ndata: sent\n\nid: 2\ndata: SessionCommittedError\n\n'],
      ['a session that is opened late', '/opened-late', 'sent, SessionCommittedError'],
      ['a session that is being loaded', '/loading', 'sent, SessionCommittedError'],
    ])('in %s', (_where, path, text) => {
      it.each(NAMES)('B-18 %s is an error, not silence', async (name) => {
        const client = await visitor();
        const answer = await client.get(`${path}/${name}`);
        expect(answer.text).toBe(text);
        expect(test.calls.calls).toEqual(counts({ read: 1 }));
        expect((await client.get('/seen')).json()).toEqual({ name: 'Ada', count: 1 });
      });

      it('B-18 a stranger gets no session', async () => {
        const answer = await test.client().get(`${path}/set`);
        expect(answer.text).toBe(text);
        expect(answer.cookies).toEqual([]);
        expect(test.calls.total).toBe(0);
      });
    });

    it.each(NAMES)('B-18 %s after the last byte is an error too', async (name) => {
      const client = await visitor();
      await client.get(`/after-finish/${name}`);
      await client.get('/seen');
      expect(test.app.get(Notebook).error).toBeInstanceOf(SessionCommittedError);
      expect(test.calls.calls.update).toBe(0);
    });

    it.each([
      ['/generator-early', 'before the first chunk'],
      ['/events-early', 'before the first event'],
    ])('B-17 %s: what is written before the first byte is saved', async (path, name) => {
      const client = await visitor();
      // A store that takes its time, as any but memory does.
      const held = test.calls.hold('read');
      const answer = client.get(path);
      await held.reached;
      await test.client().get('/nowhere');
      held.release();
      expect((await answer).text).toContain('sent');
      expect((await client.get('/seen')).json()).toEqual({ name, count: 1 });
    });

    it.each(['/update', '/update-in-generator'])('B-18 update() in %s still saves', async (path) => {
      const client = await visitor();
      expect((await client.get(path)).text).toBe('sent, 2');
      expect(test.calls.calls).toEqual(counts({ read: 1, update: 1 }));
      expect((await client.get('/seen')).json()).toEqual({ name: 'Ada', count: 2 });
    });

    it('B-18 update() in an event stream still saves', async () => {
      const client = await visitor();
      await client.get('/update-in-events');
      expect((await client.get('/seen')).json()).toEqual({ name: 'Ada', count: 2 });
    });

    it('B-18 update() of a session that is not stored is an error: its cookie cannot be sent any more', async () => {
      const answer = await test.client().get('/update-new');
      expect(test.app.get(Notebook).error).toBeInstanceOf(SessionCommittedError);
      expect(answer.cookies).toEqual([]);
      expect(test.calls.total).toBe(0);
    });

    it('B-18 messages that were taken too late are not lost', async () => {
      const client = await visitor();
      await client.get('/write/flashes');
      expect((await client.get('/messages')).json()).toEqual(['early']);
    });
  });
});
