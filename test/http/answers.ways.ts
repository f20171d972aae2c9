import { Controller, Get } from '@nestjs/common';
import { Session } from 'nest-sessions';
import type { RawAnswer, RawRequest } from '../support/raw.js';

/** Shows what was written on the way to an answer. */
@Controller()
export class MarkController {
  @Get('mark')
  mark(@Session('mark') mark: string | undefined) {
    return mark ?? 'none';
  }
}

export const get = (path: string, headers: Record<string, string> = {}): RawRequest => ({ path, headers });

/** Every way to answer, by what is asked. */
export const ANSWERS: [way: string, request: RawRequest][] = [
  ['an object', get('/object')],
  ['a string', get('/string')],
  ['nothing', get('/nothing')],
  ['@HttpCode(204)', get('/no-content')],
  ['an observable of several values', get('/observable')],
  ['@Redirect()', get('/redirect')],
  ['res.redirect', get('/redirect-by-hand')],
  ['@Render()', get('/rendered')],
  ['@Res() at once', get('/json')],
  ['@Res() later', get('/later')],
  ['res.sendStatus', get('/send-status')],
  ['@Res() with passthrough', get('/passthrough')],
  ['writeHead with an object', get('/head-object')],
  ['writeHead with a flat list', get('/head-list')],
  ['writeHead with a list that has lists of values', get('/head-list-of-lists')],
  ['writeHead with a message', get('/head-message')],
  ['several writes', get('/parts')],
  ['flushHeaders', get('/flushed')],
  ['end alone', get('/end-only')],
  ['trailers', get('/trailers')],
  ['StreamableFile of a stream', get('/file')],
  ['StreamableFile of a buffer', get('/buffer')],
  ['an async generator', get('/generator')],
  ['a web Response', get('/web')],
  ['a web Response of a stream', get('/web-stream')],
  ['@Sse()', get('/events')],
  ['sendFile', get('/send-file')],
  ['sendFile, a range of it', get('/send-file', { Range: 'bytes=2-9' })],
  ['a piped stream', get('/piped')],
  ['HEAD of an object', { path: '/object', method: 'HEAD' }],
  ['HEAD of a rendered page', { path: '/rendered', method: 'HEAD' }],
  ['HEAD of a redirect', { path: '/redirect', method: 'HEAD' }],
  ['HEAD of a web Response', { path: '/web', method: 'HEAD' }],
  ['HEAD of an exception', { path: '/exception', method: 'HEAD' }],
  ['HEAD of a file', { path: '/file', method: 'HEAD' }],
  ['HEAD of sendFile', { path: '/send-file', method: 'HEAD' }],
  ['304', get('/etag', { 'If-None-Match': '"v1"' })],
  ['304 by hand', get('/not-modified')],
  ['early hints', get('/early-hints')],
  ['102 before the answer', get('/processing')],
  ['an exception', get('/exception')],
  ['an exception filter', get('/json-filter')],
  ['an exception filter that renders', get('/page-filter')],
  ['a guard that denies', get('/denied')],
  ['a guard that redirects', get('/redirected-by-guard')],
  ['middleware', get('/middleware')],
];

/** Those that go wrong: the answer is 500, and nothing is saved. */
export const MISTAKES: typeof ANSWERS = [['an error', get('/error')]];

/** Headers that differ from one moment, or from one application, to the next, and those that are the library's. */
const OURS = [/^Date: /, /^Set-Cookie: sid=/i, /^Vary: Cookie$/i];

/** The bytes of an answer but for our headers; `also` names others to leave out. */
export function bytesOf({ bytes }: RawAnswer, also: RegExp[] = []): string {
  const text = bytes.toString('latin1');
  const end = text.indexOf('\r\n\r\n', text.startsWith('HTTP/1.1 10') ? text.indexOf('\r\n\r\n') + 4 : 0);
  const lines = text.slice(0, end).split('\r\n');
  const kept = lines.filter((line) => ![...OURS, ...also].some((pattern) => pattern.test(line)));
  // Where ours joins others, the name is written our way.
  const written = kept.map((line) =>
    line.replace(/^(Vary: .*), Cookie$/i, '$1').replace(/^set-cookie:/i, 'Set-Cookie:'),
  );
  return [...written, text.slice(end)].join('\r\n');
}
