import { Controller, Get, type INestApplication, Param, Req, Res } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { watchCrashes } from '../support/crashes.js';
import { exchange, type RawAnswer, valuesOf } from '../support/raw.js';
import { STORES } from '../support/stores.js';
import { counts, LOADS, useApp } from '../support/use-app.js';
import { Marker, MARKING } from './answers.js';

/** Ways to set cookies of one's own, beside the session's. Each sets `a` and `b`. */
const COOKIES: Record<string, (response: Response) => void> = {
  'setHeader with a list': (response) => {
    response.setHeader('Set-Cookie', ['a=1', 'b=2']);
    response.end();
  },
  'setHeader with a text': (response) => {
    response.setHeader('set-cookie', 'a=1');
    response.appendHeader('SET-COOKIE', 'b=2');
    response.end();
  },
  'res.cookie': (response) => {
    response.cookie('a', '1').cookie('b', '2').send('done');
  },
  'res.append': (response) => {
    response.append('Set-Cookie', 'a=1').append('Set-Cookie', ['b=2']).json({});
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
  'a redirect': (response) => {
    response.cookie('a', '1').cookie('b', '2').redirect('/elsewhere');
  },
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
  async cookies(@Param('way') way: string, @Req() request: Request, @Res() response: Response) {
    await this.marker.mark(request);
    COOKIES[way]!(response);
  }

  @Get('header')
  async header(@Req() request: Request, @Res({ passthrough: true }) response: Response) {
    for (const [name, value] of Object.entries(request.query)) response.setHeader(name, value as string);
    await this.marker.mark(request);
    return {};
  }

  @Get('untouched')
  untouched(@Res({ passthrough: true }) response: Response) {
    response.setHeader('Cache-Control', 'public, max-age=3600');
    return {};
  }

  @Get('spoofed')
  async spoofed(@Req() request: Request, @Res() response: Response) {
    await this.marker.mark(request);
    response.cookie('sid', 'of the handler').cookie('sid2', 'of another').send('done');
  }
}

function cookieNames(answer: RawAnswer): string[] {
  return valuesOf(answer, 'set-cookie').map((line) => line.slice(0, line.indexOf('=')));
}

function queryOf(name: string, value: string | undefined): string {
  return value === undefined ? '/header' : `/header?${name}=${encodeURIComponent(value)}`;
}

describe.each(Object.entries(STORES))('headers of others, and ours, on %s', (_name, open) => {
  describe.each(LOADS)('%s', (load) => {
    const test = useApp(open, {
      controllers: [HeadersController],
      providers: [MARKING],
      options: { load },
      prepare: (app: INestApplication) =>
        app.use((_request: Request, response: Response, next: NextFunction) => {
          response.cookie('before', '1');
          next();
        }),
    });
    watchCrashes();

    async function stored(): Promise<string> {
      const answer = await exchange(test.port, { path: '/header' });
      test.calls.reset();
      return valuesOf(answer, 'set-cookie')
        .find((line) => line.startsWith('sid='))!
        .split(';')[0]!;
    }

    it.each(Object.keys(COOKIES))("B-59 C-23 %s: everybody's cookies are sent, ours once", async (way) => {
      const answer = await exchange(test.port, { path: `/cookies/${encodeURIComponent(way)}` });
      const names = cookieNames(answer);
      expect(names).toEqual(expect.arrayContaining(['a', 'b', 'sid']));
      expect(names).not.toContain('replaced');
      expect(names.filter((name) => name === 'sid')).toHaveLength(1);
      expect(new Set(names).size).toBe(names.length);
      expect(test.calls.calls).toEqual(counts({ create: 1 }));
    });

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
