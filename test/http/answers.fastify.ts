import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { Controller, Get, Param, Req, Res } from '@nestjs/common';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { type AnyRequest, Marker, PAGE } from './answers.js';
import { get } from './answers.ways.js';

/** What a reply of Fastify can do beside what Express can. */
const WAYS: Record<string, (reply: FastifyReply) => unknown> = {
  'send of a text': (reply) => reply.send('text'),
  'send of an object': (reply) => reply.code(202).send({ by: 'hand' }),
  'send of null': (reply) => reply.send(null),
  'send of nothing': (reply) => reply.code(204).send(),
  'send of a buffer': (reply) => reply.send(Buffer.from('buffer')),
  'send of a stream': (reply) => reply.type('text/html').send(createReadStream(PAGE, { highWaterMark: 8 })),
  'send of a web stream': (reply) => reply.send(Readable.toWeb(Readable.from(['one', 'two']))),
  'send of a web Response': (reply) => reply.send(new Response('web', { status: 203, headers: { 'X-Web': 'yes' } })),
  'send twice': (reply) => reply.send('once').send('twice'),
  'send, which an onSend hook replaces': (reply) => reply.header('X-Replace', 'yes').send('as it was'),
  'send, which an onSend hook makes wait': (reply) => reply.header('X-Wait', 'yes').send('after a while'),
  'a serializer': (reply) => reply.serializer(() => 'serialized').send({ any: 'thing' }),
  trailers: (reply) => reply.trailer('X-Checksum', (_reply, _payload, done) => done(null, '42')).send('body'),
  'trailers of a stream': (reply) =>
    reply.trailer('X-Checksum', (_reply, _payload, done) => done(null, '42')).send(Readable.from(['one', 'two'])),
  callNotFound: (reply) => reply.callNotFound(),
  'raw, behind the back of the reply': (reply) => reply.raw.writeHead(200, { 'X-Raw': 'yes' }).end('raw'),
};

/** Those that go wrong: the answer is 500, and nothing is saved. */
const MISTAKES: Record<string, (reply: FastifyReply) => unknown> = {
  'a payload that cannot be': (reply) => reply.type('text/plain').send({ not: 'text' }),
  'a stream that fails at once': (reply) => reply.send(createReadStream('no such file')),
  'send of an error': (reply) => reply.send(new Error('no')),
  'an onSend hook that throws': (reply) => reply.header('X-Throw', 'yes').send('text'),
};

const pathOf = (way: string): string => `/fastify/${encodeURIComponent(way)}`;

/** Every one of them, by what is asked. */
export const FASTIFY_ANSWERS = Object.keys(WAYS).map((way) => [way, get(pathOf(way))] as const);
export const FASTIFY_MISTAKES = Object.keys(MISTAKES).map((way) => [way, get(pathOf(way))] as const);

@Controller('fastify')
export class FastifyAnswersController {
  constructor(private readonly marker: Marker) {}

  @Get(':way')
  async answer(@Param('way') way: string, @Req() request: AnyRequest, @Res() reply: FastifyReply) {
    await this.marker.mark(request);
    ({ ...WAYS, ...MISTAKES })[way]!(reply);
  }
}

/** The hook that the ways above speak of. */
export function prepareHooks(instance: FastifyInstance): void {
  instance.addHook('onSend', async (_request, reply, payload) => {
    if (reply.hasHeader('X-Throw')) {
      reply.removeHeader('X-Throw');
      throw new Error('from a hook');
    }
    if (reply.hasHeader('X-Wait')) await new Promise((resolve) => setImmediate(resolve));
    return reply.hasHeader('X-Replace') ? 'replaced' : payload;
  });
}
