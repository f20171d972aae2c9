import { createReadStream } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { resolve } from 'node:path';
import { Readable } from 'node:stream';
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
import type { Express } from 'express';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { of } from 'rxjs';
import { type ResponseLike, SessionService } from 'nest-sessions';
import { type AnyReply, isExpress, rawOf } from '../support/platforms.js';

/** What requests of all frameworks have. */
export interface AnyRequest {
  readonly originalUrl: string;
}

/** Writes to the session of a request, in the application that has sessions; in the one without, does nothing. */
export abstract class Marker {
  /** `response`: for middleware on Fastify. */
  abstract mark(request: AnyRequest, response?: ResponseLike): Promise<void>;
}

export const MARKING: Provider = {
  provide: Marker,
  inject: [SessionService],
  useFactory: (service: SessionService): Marker => ({
    async mark(request, response) {
      (await service.of(request, response)).set('mark', request.originalUrl);
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
    await this.marker.mark(context.switchToHttp().getRequest<AnyRequest>());
    return false;
  }
}

/** Redirects as passport does: by hand, and the promise never settles. */
@Injectable()
class RedirectingGuard implements CanActivate {
  constructor(private readonly marker: Marker) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const http = context.switchToHttp();
    await this.marker.mark(http.getRequest<AnyRequest>());
    const response = rawOf(http.getResponse<AnyReply>());
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
    await this.marker.mark(host.switchToHttp().getRequest<AnyRequest>());
    void host.switchToHttp().getResponse<AnyReply>().status(418).send({ filtered: true });
  }
}

@Injectable()
@Catch()
class PageFilter implements ExceptionFilter {
  constructor(private readonly marker: Marker) {}

  async catch(_error: unknown, host: ArgumentsHost): Promise<void> {
    await this.marker.mark(host.switchToHttp().getRequest<AnyRequest>());
    render(host.switchToHttp().getResponse<AnyReply>().status(404), { title: 'filtered' });
  }
}

/** One route for every way to answer on Express. Each marks the session first, or as late as it can. */
@Controller()
export class AnswersController {
  constructor(private readonly marker: Marker) {}

  @Get('object')
  async object(@Req() request: AnyRequest) {
    await this.marker.mark(request);
    return { ok: true };
  }

  @Get('string')
  async string(@Req() request: AnyRequest) {
    await this.marker.mark(request);
    return 'text';
  }

  @Get('nothing')
  async nothing(@Req() request: AnyRequest) {
    await this.marker.mark(request);
  }

  @Get('no-content')
  @HttpCode(204)
  async noContent(@Req() request: AnyRequest) {
    await this.marker.mark(request);
  }

  @Get('observable')
  async observable(@Req() request: AnyRequest) {
    await this.marker.mark(request);
    return of(1, 2, { last: true });
  }

  @Get('redirect')
  @Redirect('/elsewhere', 301)
  async redirect(@Req() request: AnyRequest) {
    await this.marker.mark(request);
  }

  @Get('redirect-by-hand')
  async redirectByHand(@Req() request: AnyRequest, @Res() reply: AnyReply) {
    await this.marker.mark(request);
    void reply.redirect('/elsewhere');
  }

  @Get('rendered')
  @Render('page')
  async rendered(@Req() request: AnyRequest) {
    await this.marker.mark(request);
    return { title: 'rendered' };
  }

  @Get('json')
  async json(@Req() request: AnyRequest, @Res() reply: AnyReply) {
    await this.marker.mark(request);
    void reply.status(202).send({ by: 'hand' });
  }

  @Get('later')
  later(@Req() request: AnyRequest, @Res() reply: AnyReply) {
    setTimeout(() => {
      void this.marker.mark(request).then(() => void reply.send({ by: 'timer' }));
    }, 1);
  }

  @Get('send-status')
  async sendStatus(@Req() request: AnyRequest, @Res() reply: AnyReply) {
    await this.marker.mark(request);
    if (isExpress(reply)) reply.sendStatus(202);
  }

  @Get('passthrough')
  async passthrough(@Req() request: AnyRequest, @Res({ passthrough: true }) reply: AnyReply) {
    void reply.status(203).header('X-Passed', 'through');
    await this.marker.mark(request);
    return { passed: true };
  }

  @Get('head-object')
  async headObject(@Req() request: AnyRequest, @Res() reply: AnyReply) {
    await this.marker.mark(request);
    const response = rawOf(reply);
    response.setHeader('X-First', '1');
    response.writeHead(200, { 'Content-Type': 'text/plain', 'X-Second': ['a', 'b'], 'Content-Length': 5 });
    response.write('ab');
    response.end('cde');
  }

  @Get('head-list')
  async headList(@Req() request: AnyRequest, @Res() reply: AnyReply) {
    await this.marker.mark(request);
    const response = rawOf(reply);
    response.writeHead(200, ['Content-Type', 'text/plain', 'X-Second', 'a']);
    response.end('list');
  }

  @Get('head-repeated')
  async headRepeated(@Req() request: AnyRequest, @Res() reply: AnyReply) {
    await this.marker.mark(request);
    const response = rawOf(reply);
    response.setHeader('X-First', 'set before');
    response.writeHead(200, ['X-Second', 'a', 'X-Second', 'b', 'X-First', 'replaced']);
    response.end('list');
  }

  @Get('head-list-of-lists')
  async headListOfLists(@Req() request: AnyRequest, @Res() reply: AnyReply) {
    await this.marker.mark(request);
    const response = rawOf(reply);
    response.writeHead(200, ['Content-Type', 'text/plain', 'X-Second', ['a', 'b'] as unknown as string]);
    response.end('list');
  }

  @Get('head-pairs')
  async headPairs(@Req() request: AnyRequest, @Res() reply: AnyReply) {
    await this.marker.mark(request);
    const response = rawOf(reply);
    const pairs = [
      ['X-Second', 'a'],
      ['X-Second', 'b'],
      ['X-First', 'replaced'],
    ];
    response.writeHead(200, pairs as unknown as string[]);
    response.end('pairs');
  }

  @Get('head-message')
  async headMessage(@Req() request: AnyRequest, @Res() reply: AnyReply) {
    await this.marker.mark(request);
    const response = rawOf(reply);
    response.writeHead(299, 'Quite Good', { 'X-Second': 'a' }).end('done');
  }

  @Get('parts')
  async parts(@Req() request: AnyRequest, @Res() reply: AnyReply) {
    await this.marker.mark(request);
    const response = rawOf(reply);
    response.setHeader('Content-Type', 'text/plain');
    response.write('one');
    response.write(Buffer.from('two'));
    response.write('dGhyZWU=', 'base64');
    response.end();
  }

  @Get('flushed')
  async flushed(@Req() request: AnyRequest, @Res() reply: AnyReply) {
    await this.marker.mark(request);
    const response = rawOf(reply);
    response.setHeader('Content-Type', 'text/plain').flushHeaders();
    setTimeout(() => response.end('at last'), 1);
  }

  @Get('end-only')
  async endOnly(@Req() request: AnyRequest, @Res() reply: AnyReply) {
    await this.marker.mark(request);
    const response = rawOf(reply);
    response.statusCode = 201;
    response.statusMessage = 'Made';
    response.end();
  }

  @Get('trailers')
  async trailers(@Req() request: AnyRequest, @Res() reply: AnyReply) {
    await this.marker.mark(request);
    const response = rawOf(reply);
    response.writeHead(200, { Trailer: 'X-Checksum', 'Content-Type': 'text/plain' });
    response.write('body');
    response.addTrailers({ 'X-Checksum': '42' });
    response.end();
  }

  @Get('file')
  async file(@Req() request: AnyRequest) {
    await this.marker.mark(request);
    return new StreamableFile(createReadStream(PAGE), { type: 'text/html' });
  }

  @Get('buffer')
  async buffer(@Req() request: AnyRequest) {
    await this.marker.mark(request);
    return new StreamableFile(Buffer.from('in memory'));
  }

  @Get('generator')
  async *generator(@Req() request: AnyRequest) {
    await this.marker.mark(request);
    yield 'one,';
    yield 'two';
  }

  @Get('web')
  async web(@Req() request: AnyRequest) {
    await this.marker.mark(request);
    return new Response('from the web', { status: 206, headers: { 'X-Web': 'yes', 'Set-Cookie': 'web=1' } });
  }

  @Get('web-stream')
  async webStream(@Req() request: AnyRequest) {
    await this.marker.mark(request);
    return new Response(Readable.toWeb(Readable.from(['one,', 'two'])) as ReadableStream);
  }

  @Sse('events')
  async events(@Req() request: AnyRequest) {
    await this.marker.mark(request);
    return of({ data: 'one' }, { data: { two: 2 } });
  }

  @Get('send-file')
  async sendFile(@Req() request: AnyRequest, @Res() reply: AnyReply) {
    await this.marker.mark(request);
    if (isExpress(reply)) reply.sendFile(PAGE);
    else void reply.type('text/html').send(createReadStream(PAGE));
  }

  @Get('piped')
  async piped(@Req() request: AnyRequest, @Res() reply: AnyReply) {
    await this.marker.mark(request);
    const response = rawOf(reply);
    createReadStream(PAGE, { highWaterMark: 8 }).pipe(response.setHeader('Content-Type', 'text/html'));
  }

  @Get('etag')
  async etag(@Req() request: AnyRequest, @Res({ passthrough: true }) reply: AnyReply) {
    await this.marker.mark(request);
    void reply.header('ETag', '"v1"');
    return { large: 'body' };
  }

  @Get('early-hints')
  async earlyHints(@Req() request: AnyRequest, @Res() reply: AnyReply) {
    await this.marker.mark(request);
    reply.writeEarlyHints({ link: '</style.css>; rel=preload; as=style' });
    void reply.send('page');
  }

  @Get('not-modified')
  @HttpCode(304)
  async notModified(@Req() request: AnyRequest) {
    await this.marker.mark(request);
  }

  @Get('processing')
  async processing(@Req() request: AnyRequest, @Res() reply: AnyReply) {
    await this.marker.mark(request);
    const response = rawOf(reply);
    response.writeProcessing();
    response.end('done');
  }

  @Get('exception')
  async exception(@Req() request: AnyRequest) {
    await this.marker.mark(request);
    throw new BadRequestException('no good');
  }

  @Get('error')
  async error(@Req() request: AnyRequest) {
    await this.marker.mark(request);
    throw new Error('broken');
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
  const adapter = app.getHttpAdapter();
  if (adapter.getType() === 'express') (adapter.getInstance() as Express).set('view', MemoryView);
  else prepareFastify(adapter.getInstance() as FastifyInstance);
  app.use('/middleware', (request: AnyRequest, response: ServerResponse, next: (error?: unknown) => void) => {
    app
      .get(Marker)
      .mark(request, response)
      .then(() => void response.end('answered early'), next);
  });
}

function prepareFastify(instance: FastifyInstance): void {
  instance.decorateReply('view', function (this: FastifyReply, _page: string, options: { title: string }) {
    return this.type('text/html; charset=utf-8').send(pageOf(options));
  });
}

function render(reply: AnyReply, options: { title: string }): void {
  if (isExpress(reply)) reply.render('page', options);
  else void (reply as FastifyReply & { view(page: string, options: object): FastifyReply }).view('page', options);
}

function pageOf({ title }: { title: string }): string {
  return `<title>${title}</title>`;
}

class MemoryView {
  readonly path = 'page';

  render(options: { title: string }, done: (error: null, page: string) => void): void {
    done(null, pageOf(options));
  }
}
