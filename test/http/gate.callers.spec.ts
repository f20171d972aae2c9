import type { ServerResponse } from 'node:http';
import { Controller, Get, Injectable, Param, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { watchCrashes } from '../support/crashes.js';
import { usePlainApp } from '../support/plain.js';
import { type AnyReply, rawOf } from '../support/platforms.js';
import { exchange, type RawAnswer, valuesOf } from '../support/raw.js';
import { GROUNDS } from '../support/stores.js';
import { counts, useApp } from '../support/use-app.js';
import { Marker, MARKING, NOT_MARKING } from './answers.js';

type Note = (text: string) => void;

function codeOf(error: unknown): string {
  return (
    (error as { code?: string } | undefined)?.code ?? (error === undefined || error === null ? 'ok' : String(error))
  );
}

/** What callers do to a response, right and wrong. */
const USES: Record<string, (response: ServerResponse, note: Note) => void> = {
  'write and end with callbacks': (response, note) => {
    response.write('a', (error) => note(`first: ${codeOf(error)}`));
    response.write('b', 'utf8', (error) => note(`second: ${codeOf(error)}`));
    response.end('c', () => note('ended'));
  },
  'end with nothing but a callback': (response, note) => {
    response.end(() => note('ended'));
  },
  'end with data, encoding and callback': (response, note) => {
    response.end('Yw==', 'base64', () => note('ended'));
  },
  'end twice': (response, note) => {
    response.end('a', () => note('first'));
    response.end(() => note('second'));
  },
  'write after end': (response, note) => {
    response.end('a');
    response.write('b', (error) => note(`written: ${codeOf(error)}`));
  },
  'writeHead twice': (response) => {
    response.writeHead(200, { 'X-Once': '1' });
    response.writeHead(404);
  },
  'writeHead after write': (response) => {
    response.write('a');
    response.writeHead(404);
  },
  'writeHead after end': (response) => {
    response.end('a');
    response.writeHead(404);
  },
  'writeHead with no such status': (response) => {
    response.writeHead(99);
  },
  'writeHead with a header that cannot be': (response) => {
    response.writeHead(200, { 'X-Bad': 'two\nlines' });
  },
  'write nothing': (response) => {
    response.write(null);
  },
  'write a number': (response) => {
    response.write(5);
  },
  'write a number after a text': (response) => {
    response.write('a');
    response.write(5);
  },
  'end with an object': (response) => {
    response.end({});
  },
  'setHeader after write': (response) => {
    response.write('a');
    response.setHeader('X-Late', '1');
  },
  'appendHeader after end': (response) => {
    response.end('a');
    response.appendHeader('X-Late', '1');
  },
  'removeHeader after flushHeaders': (response) => {
    response.flushHeaders();
    response.removeHeader('X-Powered-By');
  },
  'setHeaders after write': (response) => {
    response.write('a');
    response.setHeaders(new Map([['X-Late', '1']]));
  },
  'flushHeaders twice': (response) => {
    response.flushHeaders();
    response.flushHeaders();
  },
  'corked writes': (response) => {
    response.cork();
    response.write('a');
    response.write('b');
    response.uncork();
  },
  'end, then fail': (response) => {
    response.end('a');
    throw new Error('after the fact');
  },
  'send in parts, then fail': (response) => {
    response.write('a');
    throw new Error('in the middle');
  },
};

/** The same by the methods of Express. */
const EXPRESS_USES: Record<string, (response: Response) => void> = {
  'a status after send changes nothing': (response) => {
    response.send('a');
    response.status(404);
  },
  'json twice': (response) => {
    response.json({ first: true });
    response.json({ second: true });
  },
  'redirect after send': (response) => {
    response.send('a');
    response.redirect('/elsewhere');
  },
  'a cookie after send': (response) => {
    response.send('a');
    response.cookie('late', '1');
  },
};

/** Those after which nobody has caught an error, and which Node itself survives. */
const UNCAUGHT = [
  'end, then fail',
  'send in parts, then fail',
  'json twice',
  'redirect after send',
  'a cookie after send',
  'setHeader after write',
  'appendHeader after end',
  'removeHeader after flushHeaders',
  'writeHead twice',
  'writeHead after write',
  'writeHead after end',
];

function use(name: string, response: ServerResponse, note: Note): void {
  if (name in USES) USES[name]!(response, note);
  else EXPRESS_USES[name]!(response as Response);
}

@Injectable()
class Notebook {
  /** What happened to the last response. */
  notes: string[] = [];
  closed = Promise.resolve();
}

/** Does one of them, and notes what the caller sees. */
@Controller()
class UsesController {
  constructor(
    private readonly marker: Marker,
    private readonly notebook: Notebook,
  ) {}

  @Get('use/:name')
  async use(@Param('name') name: string, @Req() request: Request, @Res() reply: AnyReply) {
    const response = rawOf(reply);
    const notes: string[] = [];
    this.notebook.notes = notes;
    this.notebook.closed = new Promise((resolve) => response.on('close', () => setImmediate(resolve)));
    response.on('error', (error) => notes.push(`error: ${codeOf(error)}`));
    response.on('finish', () => notes.push('finish'));
    response.on('close', () => notes.push('close'));
    await this.marker.mark(request);
    try {
      use(name, response, (text) => notes.push(text));
    } catch (error) {
      notes.push(`thrown: ${codeOf(error)}`);
    }
    if (!response.writableEnded) response.end('.');
  }

  /** The same, with an error that nobody catches but Nest. */
  @Get('throw/:name')
  async throw(@Param('name') name: string, @Req() request: Request, @Res() reply: AnyReply) {
    await this.marker.mark(request);
    use(name, rawOf(reply), () => {});
  }

  @Get('look')
  async look(@Req() request: Request, @Res() reply: AnyReply) {
    const response = rawOf(reply);
    const look = (when: string) =>
      this.notebook.notes.push(
        [when, response.headersSent, response.writableEnded, response.finished, response.writableFinished].join(' '),
      );
    this.notebook.notes = [];
    await this.marker.mark(request);
    look('before');
    response.write('a');
    look('written');
    response.end('b', () => look('finished'));
    look('ended');
  }
}

function ourCookies(answer: RawAnswer): string[] {
  return valuesOf(answer, 'set-cookie').filter((line) => line.startsWith('sid='));
}

describe.each(Object.entries(GROUNDS))('what callers see of a gated response on %s', (_name, open) => {
  const controllers = [UsesController];
  const providers = [Notebook];
  // Lazy: the interceptor has nothing to commit, so it is always the gate that holds the answer.
  const test = useApp(open, { controllers, providers: [...providers, MARKING], options: { load: 'lazy' } });
  const known = (name: string): boolean => open.platform !== 'fastify' || name in USES;
  let plainNotes: Notebook;
  const plain = usePlainApp({
    controllers,
    providers: [...providers, NOT_MARKING],
    platform: open.platform,
    prepare: (app) => (plainNotes = app.get(Notebook)),
  });
  watchCrashes();

  /** What the caller noted, and what the client got. */
  async function observe(port: number, notebook: Notebook, path: string): Promise<unknown> {
    const { status, reason, text } = await exchange(port, { path, headers: { Connection: 'close' } });
    await notebook.closed;
    return { status, reason, text, notes: [...notebook.notes].sort() };
  }

  it.each(Object.keys({ ...USES, ...EXPRESS_USES }).filter(known))(
    'B-17 %s: the caller sees what it would see without us',
    async (name) => {
      const path = `/use/${encodeURIComponent(name)}`;
      const without = await observe(plain.port, plainNotes, path);
      expect(await observe(test.port, test.app.get(Notebook), path)).toEqual(without);
      expect(test.calls.calls).toEqual(counts({ create: 1 }));
    },
  );

  it.each(UNCAUGHT.filter(known))('B-17 %s, and nobody catches: one answer, no hang, no crash', async (name) => {
    const path = `/throw/${encodeURIComponent(name)}`;
    const without = await exchange(plain.port, { path });
    const answer = await exchange(test.port, { path });
    expect([answer.status, answer.text]).toEqual([without.status, without.text]);
    expect(ourCookies(answer)).toHaveLength(1);
    expect(test.calls.calls).toEqual(counts({ create: 1 }));
  });

  it('B-17 headersSent, writableEnded and finished are as without us; writableFinished waits for the store', async () => {
    await exchange(plain.port, { path: '/look' });
    await exchange(test.port, { path: '/look' });
    expect(plainNotes.notes[2]).toBe('ended true true true true');
    const expected = plainNotes.notes.with(2, 'ended true true true false');
    expect(test.app.get(Notebook).notes).toEqual(expected);
  });
});
