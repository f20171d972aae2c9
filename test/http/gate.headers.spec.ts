import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import fastifyCookie from '@fastify/cookie';
import { Controller, Get, type INestApplication, Param, Req, Res } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Request, Response } from 'express';
import type { FastifyReply } from 'fastify';
import { watchCrashes } from '../support/crashes.js';
import { type AnyReply, isExpress, rawOf } from '../support/platforms.js';
import { exchange, type RawAnswer, valuesOf } from '../support/raw.js';
import { GROUNDS } from '../support/stores.js';
import { counts, LOADS, useApp } from '../support/use-app.js';
import { Marker, MARKING } from './answers.js';

/** Ways to set cookies of one's own, beside the session's. Each sets `a` and `b`. */
const COOKIES: Record<string, (response: ServerResponse) => void> = {
  'setHeader with a list': (response) => {
    response.setHeader('Set-Cookie', ['a=1', 'b=2']);
    response.end();
  },
  'setHeader with a text': (response) => {
    response.setHeader('set-cookie', 'a=1');
    response.appendHeader('SET-COOKIE', 'b=2');
    response.end();
  },
  'writeHead with an object': (response) => {
    response.writeHead(200, { 'Set-Cookie': ['a=1', 'b=2'] }).end();
  },
  'writeHead with an object, after a setHeader that it replaces': (response) => {
    response.setHeader('Set-Cookie', 'replaced=1');
    response.writeHead(200, { 'set-cookie': ['a=1', 'b=2'] }).end();
  },
  'writeHead with a message': (response) => {
    response.writeHead(200, 'Fine', { 'Set-Cookie': ['a=1', 'b=2'] }).end();
  },
  'writeHead with a flat list': (response) => {
    response.writeHead(200, ['Set-Cookie', 'a=1', 'Set-Cookie', 'b=2']).end();
  },
  'writeHead with a list that has lists of values': (response) => {
    response.writeHead(200, ['X-One', '1', 'Set-Cookie', ['a=1', 'b=2'] as unknown as string]).end();
  },
  'setHeaders with a map': (response) => {
    response.setHeaders(new Map([['Set-Cookie', ['a=1', 'b=2'] as unknown as string]]));
    response.end();
  },
};

const EXPRESS_COOKIES: Record<string, (response: Response) => void> = {
  'res.cookie': (response) => {
    response.cookie('a', '1').cookie('b', '2').send('done');
  },
  'res.append': (response) => {
    response.append('Set-Cookie', 'a=1').append('Set-Cookie', ['b=2']).json({});
  },
  'a redirect': (response) => {
    response.cookie('a', '1').cookie('b', '2').redirect('/elsewhere');
  },
};

const FASTIFY_COOKIES: Record<string, (reply: FastifyReply) => unknown> = {
  'reply.header': (reply) => reply.header('Set-Cookie', 'a=1').header('set-cookie', 'b=2').send(),
  'reply.header with a list': (reply) => reply.header('Set-Cookie', ['a=1', 'b=2']).send('done'),
  'reply.headers': (reply) => reply.headers({ 'Set-Cookie': ['a=1', 'b=2'] }).send({}),
  'reply.setCookie': (reply) => reply.setCookie('a', '1').setCookie('b', '2').send({}),
  'reply.setCookie and a stream': (reply) => reply.setCookie('a', '1').setCookie('b', '2').send(Readable.from('done')),
  'reply.setCookie and a redirect': (reply) => reply.setCookie('a', '1').setCookie('b', '2').redirect('/elsewhere'),
  'a web Response and reply.setCookie': (reply) =>
    reply.setCookie('a', '1').send(new globalThis.Response('done', { headers: { 'Set-Cookie': 'b=2' } })),
};

/** Ways in which an application says how its answer may be cached, and what must become of them with our cookie. */
const CACHING: [given: string | undefined, sent: string][] = [
  [undefined, 'private, no-store'],
  ['public, max-age=3600', 'private, no-store'],
  ['max-age=60', 'private, no-store'],
  ['no-cache', 'private, no-store'],
  ['no-store', 'no-store'],
  ['private, no-cache, no-store, must-revalidate', 'private, no-cache, no-store, must-revalidate'],
];

const VARYING: [given: string | undefined, sent: string][] = [
  [undefined, 'Cookie'],
  ['Accept', 'Accept, Cookie'],
  ['Accept-Encoding, Accept', 'Accept-Encoding, Accept, Cookie'],
  ['Accept, cookie', 'Accept, cookie'],
  ['*', '*'],
];

@Controller()
class HeadersController {
  constructor(private readonly marker: Marker) {}

  @Get('cookies/:way')
  async cookies(@Param('way') way: string, @Req() request: Request, @Res() reply: AnyReply) {
    await this.marker.mark(request);
    if (way in COOKIES) COOKIES[way]!(rawOf(reply));
    else if (isExpress(reply)) EXPRESS_COOKIES[way]!(reply);
    else FASTIFY_COOKIES[way]!(reply);
  }

  @Get('header')
  async header(@Req() request: Request, @Res({ passthrough: true }) reply: AnyReply) {
    for (const [name, value] of Object.entries(request.query)) void reply.header(name, value as string);
    await this.marker.mark(request);
    return {};
  }

  @Get('untouched')
  untouched(@Res({ passthrough: true }) reply: AnyReply) {
    void reply.header('Cache-Control', 'public, max-age=3600');
    return {};
  }

  @Get('spoofed')
  async spoofed(@Req() request: Request, @Res() reply: AnyReply) {
    await this.marker.mark(request);
    const response = rawOf(reply);
    response.appendHeader('Set-Cookie', 'sid=of%20the%20handler');
    response.appendHeader('Set-Cookie', 'sid2=of%20another').end('done');
  }
}

function cookieNames(answer: RawAnswer): string[] {
  return valuesOf(answer, 'set-cookie').map((line) => line.slice(0, line.indexOf('=')));
}

function queryOf(name: string, value: string | undefined): string {
  return value === undefined ? '/header' : `/header?${name}=${encodeURIComponent(value)}`;
}

describe.each(Object.entries(GROUNDS))('headers of others, and ours, on %s', (_name, open) => {
  describe.each(LOADS)('%s', (load) => {
    const test = useApp(open, {
      controllers: [HeadersController],
      providers: [MARKING],
      options: { load },
      prepare(app: INestApplication) {
        if (open.platform === 'fastify') void (app as NestFastifyApplication).register(fastifyCookie);
        app.use((_request: unknown, response: ServerResponse, next: () => void) => {
          response.setHeader('Set-Cookie', 'before=1');
          next();
        });
      },
    });
    const own = open.platform === 'fastify' ? FASTIFY_COOKIES : EXPRESS_COOKIES;
    watchCrashes();

    async function stored(): Promise<string> {
      const answer = await exchange(test.port, { path: '/header' });
      test.calls.reset();
      return valuesOf(answer, 'set-cookie')
        .find((line) => line.startsWith('sid='))!
        .split(';')[0]!;
    }

    it.each(Object.keys({ ...COOKIES, ...own }))(
      "B-59 C-23 %s: everybody's cookies are sent, ours once",
      async (way) => {
        const answer = await exchange(test.port, { path: `/cookies/${encodeURIComponent(way)}` });
        const names = cookieNames(answer);
        expect(names).toEqual(expect.arrayContaining(['a', 'b', 'sid']));
        expect(names).not.toContain('replaced');
        expect(names.filter((name) => name === 'sid')).toHaveLength(1);
        expect(new Set(names).size).toBe(names.length);
        expect(test.calls.calls).toEqual(counts({ create: 1 }));
      },
    );

    it('B-59 a cookie that middleware had set before is still there', async () => {
      expect(cookieNames(await exchange(test.port, { path: '/header' }))).toEqual(['before', 'sid']);
    });

    it('R-33 a cookie of our name that a handler sets is replaced by ours; one that begins like it is not', async () => {
      const answer = await exchange(test.port, { path: '/spoofed' });
      expect(cookieNames(answer)).toEqual(['before', 'sid2', 'sid']);
      expect(valuesOf(answer, 'set-cookie').join()).not.toContain('of%20the%20handler');
    });

    it.each(CACHING)('C-22 R-40 Cache-Control %s becomes %s when our cookie is set', async (given, sent) => {
      const answer = await exchange(test.port, { path: queryOf('Cache-Control', given) });
      expect(cookieNames(answer)).toContain('sid');
      expect(valuesOf(answer, 'cache-control')).toEqual([sent]);
    });

    it('C-22 R-40 Cache-Control is left alone when our cookie is not set', async () => {
      const answer = await exchange(test.port, {
        path: queryOf('Cache-Control', 'public, max-age=60').replace('header', 'untouched'),
        headers: { Cookie: await stored() },
      });
      expect(valuesOf(answer, 'cache-control')).toEqual(['public, max-age=3600']);
      expect(valuesOf(answer, 'vary')).toEqual([]);
    });

    it.each(VARYING)('C-22 R-40 Vary %s becomes %s when the session was looked at', async (given, sent) => {
      const answer = await exchange(test.port, { path: queryOf('Vary', given), headers: { Cookie: await stored() } });
      expect(valuesOf(answer, 'vary')).toEqual([sent]);
    });
  });
});
