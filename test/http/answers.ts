import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import {
  type ArgumentsHost,
  BadRequestException,
  type CanActivate,
  Catch,
  Controller,
  type ExceptionFilter,
  type ExecutionContext,
  Get,
  HttpCode,
  type INestApplication,
  Injectable,
  type Provider,
  Redirect,
  Render,
  Req,
  Res,
  Sse,
  StreamableFile,
  UseFilters,
  UseGuards,
} from '@nestjs/common';
import type { Express, NextFunction, Request, Response as Reply } from 'express';
import { of } from 'rxjs';
import { SessionService } from 'nest-sessions';

/** Writes to the session of a request, in the application that has sessions; in the one without, does nothing. */
export abstract class Marker {
  abstract mark(request: Request): Promise<void>;
}

export const MARKING: Provider = {
  provide: Marker,
  inject: [SessionService],
  useFactory: (service: SessionService): Marker => ({
    async mark(request) {
      (await service.of(request)).set('mark', request.originalUrl);
    },
  }),
};

export const NOT_MARKING: Provider = { provide: Marker, useValue: { mark: () => Promise.resolve() } };

export const PAGE = resolve('test/http/answers.page.html');

/** Marks, and says no. */
@Injectable()
class DenyingGuard implements CanActivate {
  constructor(private readonly marker: Marker) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    await this.marker.mark(context.switchToHttp().getRequest<Request>());
    return false;
  }
}

/** Redirects as passport does: by hand, and the promise never settles. */
@Injectable()
class RedirectingGuard implements CanActivate {
  constructor(private readonly marker: Marker) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const http = context.switchToHttp();
    await this.marker.mark(http.getRequest<Request>());
    const response = http.getResponse<Reply>();
    response.statusCode = 302;
    response.setHeader('Location', '/elsewhere');
    response.setHeader('Content-Length', '0');
    response.end();
    return new Promise(() => {});
  }
}

@Injectable()
@Catch()
class JsonFilter implements ExceptionFilter {
  constructor(private readonly marker: Marker) {}

  async catch(_error: unknown, host: ArgumentsHost): Promise<void> {
    await this.marker.mark(host.switchToHttp().getRequest<Request>());
    host.switchToHttp().getResponse<Reply>().status(418).json({ filtered: true });
  }
}

@Injectable()
@Catch()
class PageFilter implements ExceptionFilter {
  constructor(private readonly marker: Marker) {}

  async catch(_error: unknown, host: ArgumentsHost): Promise<void> {
    await this.marker.mark(host.switchToHttp().getRequest<Request>());
    host.switchToHttp().getResponse<Reply>().status(404).render('page', { title: 'filtered' });
  }
}

/** One route for every way to answer on Express. Each marks the session first, or as late as it can. */
@Controller()
export class AnswersController {
  constructor(private readonly marker: Marker) {}

  @Get('object')
  async object(@Req() request: Request) {
    await this.marker.mark(request);
    return { ok: true };
  }

  @Get('string')
  async string(@Req() request: Request) {
    await this.marker.mark(request);
    return 'text';
  }

  @Get('nothing')
  async nothing(@Req() request: Request) {
    await this.marker.mark(request);
  }

  @Get('no-content')
  @HttpCode(204)
  async noContent(@Req() request: Request) {
    await this.marker.mark(request);
  }

  @Get('observable')
  async observable(@Req() request: Request) {
    await this.marker.mark(request);
    return of(1, 2, { last: true });
  }

  @Get('redirect')
  @Redirect('/elsewhere', 301)
  async redirect(@Req() request: Request) {
    await this.marker.mark(request);
  }

  @Get('redirect-by-hand')
  async redirectByHand(@Req() request: Request, @Res() response: Reply) {
    await this.marker.mark(request);
    response.redirect('/elsewhere');
  }

  @Get('rendered')
  @Render('page')
  async rendered(@Req() request: Request) {
    await this.marker.mark(request);
    return { title: 'rendered' };
  }

  @Get('json')
  async json(@Req() request: Request, @Res() response: Reply) {
    await this.marker.mark(request);
    response.status(202).json({ by: 'hand' });
  }

  @Get('later')
  later(@Req() request: Request, @Res() response: Reply) {
    setTimeout(() => {
      void this.marker.mark(request).then(() => response.json({ by: 'timer' }));
    }, 1);
  }

  @Get('send-status')
  async sendStatus(@Req() request: Request, @Res() response: Reply) {
    await this.marker.mark(request);
    response.sendStatus(202);
  }

  @Get('passthrough')
  async passthrough(@Req() request: Request, @Res({ passthrough: true }) response: Reply) {
    response.status(203).setHeader('X-Passed', 'through');
    await this.marker.mark(request);
    return { passed: true };
  }

  @Get('head-object')
  async headObject(@Req() request: Request, @Res() response: Reply) {
    await this.marker.mark(request);
    response.setHeader('X-First', '1');
    response.writeHead(200, { 'Content-Type': 'text/plain', 'X-Second': ['a', 'b'], 'Content-Length': 5 });
    response.write('ab');
    response.end('cde');
  }

  @Get('head-list')
  async headList(@Req() request: Request, @Res() response: Reply) {
    await this.marker.mark(request);
    response.writeHead(200, ['Content-Type', 'text/plain', 'X-Second', 'a']);
    response.end('list');
  }

  @Get('head-repeated')
  async headRepeated(@Req() request: Request, @Res() response: Reply) {
    await this.marker.mark(request);
    response.setHeader('X-First', 'set before');
    response.writeHead(200, ['X-Second', 'a', 'X-Second', 'b', 'X-First', 'replaced']);
    response.end('list');
  }

  @Get('head-list-of-lists')
  async headListOfLists(@Req() request: Request, @Res() response: Reply) {
    await this.marker.mark(request);
    response.writeHead(200, ['Content-Type', 'text/plain', 'X-Second', ['a', 'b'] as unknown as string]);
    response.end('list');
  }

  @Get('head-pairs')
  async headPairs(@Req() request: Request, @Res() response: Reply) {
    await this.marker.mark(request);
    const pairs = [
      ['X-Second', 'a'],
      ['X-Second', 'b'],
      ['X-First', 'replaced'],
    ];
    response.writeHead(200, pairs as unknown as string[]);
    response.end('pairs');
  }

  @Get('head-message')
  async headMessage(@Req() request: Request, @Res() response: Reply) {
    await this.marker.mark(request);
    response.writeHead(299, 'Quite Good', { 'X-Second': 'a' }).end('done');
  }

  @Get('parts')
  async parts(@Req() request: Request, @Res() response: Reply) {
    await this.marker.mark(request);
    response.type('text/plain');
    response.write('one');
    response.write(Buffer.from('two'));
    response.write('dGhyZWU=', 'base64');
    response.end();
  }

  @Get('flushed')
  async flushed(@Req() request: Request, @Res() response: Reply) {
    await this.marker.mark(request);
    response.type('text/plain').flushHeaders();
    setTimeout(() => response.end('at last'), 1);
  }

  @Get('end-only')
  async endOnly(@Req() request: Request, @Res() response: Reply) {
    await this.marker.mark(request);
    response.statusCode = 201;
    response.statusMessage = 'Made';
    response.end();
  }

  @Get('trailers')
  async trailers(@Req() request: Request, @Res() response: Reply) {
    await this.marker.mark(request);
    response.writeHead(200, { Trailer: 'X-Checksum', 'Content-Type': 'text/plain' });
    response.write('body');
    response.addTrailers({ 'X-Checksum': '42' });
    response.end();
  }

  @Get('file')
  async file(@Req() request: Request) {
    await this.marker.mark(request);
    return new StreamableFile(createReadStream(PAGE), { type: 'text/html' });
  }

  @Get('buffer')
  async buffer(@Req() request: Request) {
    await this.marker.mark(request);
    return new StreamableFile(Buffer.from('in memory'));
  }

  @Get('generator')
  async *generator(@Req() request: Request) {
    await this.marker.mark(request);
    yield 'one,';
    yield 'two';
  }

  @Get('web')
  async web(@Req() request: Request) {
    await this.marker.mark(request);
    return new Response('from the web', { status: 206, headers: { 'X-Web': 'yes', 'Set-Cookie': 'web=1' } });
  }

  @Sse('events')
  async events(@Req() request: Request) {
    await this.marker.mark(request);
    return of({ data: 'one' }, { data: { two: 2 } });
  }

  @Get('send-file')
  async sendFile(@Req() request: Request, @Res() response: Reply) {
    await this.marker.mark(request);
    response.sendFile(PAGE);
  }

  @Get('piped')
  async piped(@Req() request: Request, @Res() response: Reply) {
    await this.marker.mark(request);
    createReadStream(PAGE, { highWaterMark: 8 }).pipe(response.type('text/html'));
  }

  @Get('etag')
  async etag(@Req() request: Request, @Res({ passthrough: true }) response: Reply) {
    await this.marker.mark(request);
    response.setHeader('ETag', '"v1"');
    return { large: 'body' };
  }

  @Get('early-hints')
  async earlyHints(@Req() request: Request, @Res() response: Reply) {
    await this.marker.mark(request);
    response.writeEarlyHints({ link: '</style.css>; rel=preload; as=style' });
    response.send('page');
  }

  @Get('exception')
  async exception(@Req() request: Request) {
    await this.marker.mark(request);
    throw new BadRequestException('no good');
  }

  @Get('json-filter')
  @UseFilters(JsonFilter)
  jsonFilter() {
    throw new Error('filtered');
  }

  @Get('page-filter')
  @UseFilters(PageFilter)
  pageFilter() {
    throw new Error('filtered');
  }

  @Get('denied')
  @UseGuards(DenyingGuard)
  denied() {
    return 'never';
  }

  @Get('redirected-by-guard')
  @UseGuards(RedirectingGuard)
  redirectedByGuard() {
    return 'never';
  }
}

/** A view engine without files, and a middleware that answers by itself. */
export function prepareAnswers(app: INestApplication): void {
  const express = app.getHttpAdapter().getInstance() as Express;
  express.set('view', MemoryView);
  app.use('/middleware', (request: Request, response: Reply, next: NextFunction) => {
    app
      .get(Marker)
      .mark(request)
      .then(() => response.send('answered early'), next);
  });
}

class MemoryView {
  readonly path = 'page';

  render(options: { title: string }, done: (error: null, page: string) => void): void {
    done(null, `<title>${options.title}</title>`);
  }
}
