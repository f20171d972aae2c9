import { inspect } from 'node:util';
import {
  ArgumentsHost,
  Catch,
  Controller,
  ExceptionFilter,
  Get,
  Injectable,
  type LoggerService,
  Post,
  Res,
} from '@nestjs/common';
import type { Response } from 'express';
import { Session, type SessionEvent, SessionService } from 'nest-sessions';
import type { Client } from '../support/client.js';
import { watchCrashes } from '../support/crashes.js';
import { STORES } from '../support/stores.js';
import { LOADS, useApp } from '../support/use-app.js';

interface Data {
  secretValue: string;
  list: unknown[];
}

const VALUE = 'what only the session may hold';
const SECRET = 'a secret of at least thirty-two bytes';
const DEEP = { depth: 20, showHidden: true, getters: true, maxArrayLength: null, maxStringLength: null } as const;

/** Everything that was said, by whomever: logs, errors, what handlers would have printed. */
class Transcript {
  readonly said: string[] = [];

  /** As a logger at its most talkative would print it. */
  say(...things: unknown[]): void {
    for (const thing of things) {
      this.said.push(typeof thing === 'string' ? thing : inspect(thing, DEEP), safeJson(thing));
    }
  }
}

function safeJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? '';
  } catch {
    return '';
  }
}

const transcript = new Transcript();

const logger: LoggerService = {
  log: (...things) => transcript.say(...things),
  warn: (...things) => transcript.say(...things),
  error: (...things) => transcript.say(...things),
};

@Injectable()
@Catch()
class TranscribingFilter implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): void {
    transcript.say(error);
    const response = host.switchToHttp().getResponse<Response>();
    if (!response.headersSent) response.status(500).json({});
  }
}

@Controller()
class TalkativeController {
  constructor(private readonly service: SessionService) {}

  @Post('start')
  start(@Session() session: Session<Data>) {
    session.set('secretValue', VALUE).set('list', []);
    session.login('ada', { label: 'Firefox' });
  }

  @Get('print')
  async print(@Session() session: Session<Data>) {
    session.get('secretValue');
    transcript.say(session, { session }, [session], `${String(session)}`, { ...session }, Object.entries(session));
    transcript.say(await this.service.list('ada'));
  }

  @Get('print-new')
  printNew(@Session() session: Session<Data>) {
    transcript.say(session.id, session);
    session.set('list', []);
    transcript.say(session);
  }

  @Get('errors')
  async errors(@Session() session: Session<Data>) {
    for (const work of [
      () => session.set('list', [() => VALUE]),
      () => session.set('secretValue', VALUE.repeat(10_000)),
      () => session.login(''),
      () => session.login(VALUE.repeat(100)),
      () => session.set('name\0' as 'list', []),
      () => ((session as unknown as Record<string, unknown>)['own'] = VALUE),
      () => {
        session.destroy();
        session.get('list');
      },
    ]) {
      try {
        await work();
      } catch (error) {
        transcript.say(error);
      }
    }
  }

  @Get('late')
  async late(@Session() session: Session<Data>, @Res() response: Response) {
    response.end('done');
    session.set('list', [VALUE]);
  }

  @Get('unserializable')
  unserializable(@Session() session: Session<Data>) {
    session.get('list')?.push(() => VALUE);
  }

  @Get('write')
  write(@Session() session: Session<Data>) {
    session.set('list', [Math.random()]);
  }

  @Get('regenerate')
  regenerate(@Session() session: Session<Data>) {
    session.regenerate();
  }
}

describe.each(Object.entries(STORES))('secrets on %s', (_name, open) => {
  describe.each(LOADS)('%s', (load) => {
    const test = useApp(open, {
      controllers: [TalkativeController],
      options: { load, secret: SECRET, logger, storeTimeout: 1_000, cookie: { secure: true, name: 'sid' } },
      prepare: (app) => app.useGlobalFilters(new TranscribingFilter()),
    });
    watchCrashes();

    beforeEach(() => {
      transcript.said.length = 0;
    });

    async function visitor(): Promise<Client> {
      const client = test.client();
      await client.post('/start', undefined, { headers: { host: 'shop.example' } });
      return client;
    }

    /** Neither the token nor a part of it, nor what is derived from it, nor the keys, nor what fields hold. */
    function expectSilence(...clients: Client[]): void {
      transcript.say(
        test.events.map((event: SessionEvent) => ({ ...event })),
        test.log,
      );
      const text = transcript.said.join('\n');
      for (const client of clients) {
        const [bare = '', signature = ''] = (client.jar.get('sid') ?? '').split('.');
        expect(bare).toHaveLength(56);
        for (const secret of [bare.slice(24), signature, bare]) expect(text.includes(secret)).toBe(false);
      }
      expect(text).not.toContain(SECRET);
      expect(text).not.toContain(VALUE);
    }

    it('C-28 I20 a session that is printed, in whatever way, shows no token and no value', async () => {
      const client = await visitor();
      await client.get('/print');
      const stranger = test.client();
      await stranger.get('/print-new');
      expect(transcript.said.join('\n')).toContain('userId');
      expectSilence(client, stranger);
    });

    it('C-28 what a session shows of itself is its id, its user and its fields by name', async () => {
      const client = await visitor();
      await client.get('/print');
      const id = (client.jar.get('sid') ?? '').slice(0, 24);
      const [inspected = '', json = ''] = transcript.said;
      expect(inspected).toContain(id);
      expect(inspected).toContain('secretValue');
      expect(JSON.parse(json)).toEqual({ id, isNew: false, userId: 'ada', expiresAt: expect.any(Number) });
    });

    it('C-28 I20 errors show no token and no value', async () => {
      const client = await visitor();
      const jar = new Map(client.jar);
      await client.get('/errors');
      await client.get('/unserializable');
      expect(transcript.said.length).toBeGreaterThan(10);
      client.jar.set('sid', jar.get('sid') ?? '');
      expectSilence(client);
    });

    it('C-28 I20 a write that comes too late shows nothing', async () => {
      const client = await visitor();
      await client.get('/late');
      expectSilence(client);
    });

    it('C-28 I20 a store that fails, with the record in its error, shows nothing', async () => {
      const client = await visitor();
      test.calls.fault = (verb) => {
        if (verb === 'update') throw new Error('the store is down');
      };
      await client.get('/write');
      await client.get('/regenerate');
      const held = test.calls.hold('update');
      await client.get('/write');
      held.release();
      test.calls.fault = undefined;
      expect(test.events.map(({ type }) => type)).toContain('store-error');
      expect(transcript.said.length).toBeGreaterThan(0);
      expectSilence(client);
    });

    it('C-28 I20 rejected, retired and doubled tokens show nothing', async () => {
      const client = await visitor();
      const old = client.copy();
      await client.get('/regenerate');
      await old.get('/write');
      const token = client.jar.get('sid') ?? '';
      for (const cookie of [
        `sid=${token.slice(0, -1)}`,
        `sid=${token.slice(0, 60)}${'A'.repeat(40)}`,
        `sid=${token}; sid=${token}`,
      ]) {
        await test.client().get('/write', { headers: { cookie } });
      }
      expect(test.events.map(({ type }) => type)).toEqual(expect.arrayContaining(['rejected', 'duplicate']));
      expectSilence(client, old);
    });

    it('C-28 the service shows no signing key', () => {
      transcript.say(inspect(test.service, { depth: 6, showHidden: true }));
      expectSilence();
    });

    it('C-28 a store-error event names the verb, never what was stored', async () => {
      const client = await visitor();
      test.calls.fault = (verb) => {
        if (verb === 'update') throw new Error('the store is down');
      };
      await client.get('/write');
      test.calls.fault = undefined;
      const event = test.events.find(({ type }) => type === 'store-error');
      expect(event).toMatchObject({ name: 'session', reason: 'update' });
      expectSilence(client);
    });
  });
});
