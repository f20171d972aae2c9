import { createReadStream, statSync } from 'node:fs';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Controller, Get, Header, Injectable, Param, Req, Res, StreamableFile } from '@nestjs/common';
import { type AnyReply, rawOf } from '../support/platforms.js';
import { type AnyRequest, Marker, PAGE } from './answers.js';

/** How much is sent: more than fits, in pieces that fill the response up, or little enough to fit at once. */
export const SIZES = {
  huge: { total: 20 * 1024 * 1024, chunk: 64 * 1024 },
  large: { total: 2 * 1024 * 1024, chunk: 64 * 1024 },
  small: { total: 8 * 1024, chunk: 1024 },
};

/** What became of the last source. */
@Injectable()
export class Sources {
  size = SIZES.large;
  /** Bytes that were asked for. */
  pulled = 0;
  /** Resolves when whoever feeds the answer is done with it, one way or another. */
  done: Promise<unknown> = Promise.resolve();

  *bytes(): Generator<Buffer> {
    const { chunk, total } = this.size;
    const piece = Buffer.alloc(chunk, 'x');
    for (let left = total; left > 0; left -= chunk) {
      this.pulled += chunk;
      yield piece;
    }
  }

  readable(): Readable {
    return Readable.from(this.bytes(), { objectMode: false });
  }
}

/** The ways to send more than fits. Each resolves when the source has been used up, or given up. */
const WAYS: Record<string, (response: ServerResponse, sources: Sources) => Promise<unknown>> = {
  pipe: (response, sources) => {
    const source = sources.readable();
    source.pipe(response);
    return once(source, 'close');
  },
  'pipe-of-a-file': (response) => {
    const source = createReadStream(PAGE, { highWaterMark: 4 });
    source.pipe(response);
    return once(source, 'close');
  },
  'pipeline-of-a-stream': (response, sources) => pipeline(sources.readable(), response),
  'pipeline-of-a-generator': (response, sources) => pipeline(sources.bytes(), response),
  'web-stream': (response, sources) => Readable.toWeb(sources.readable()).pipeTo(Writable.toWeb(response)),
  'await-drain': async (response, sources) => {
    for (const chunk of sources.bytes()) if (!response.write(chunk)) await once(response, 'drain');
    response.end();
  },
  'await-callbacks': async (response, sources) => {
    for (const chunk of sources.bytes()) {
      await new Promise((resolve, reject) => response.write(chunk, (error) => (error ? reject(error) : resolve(null))));
    }
    await new Promise<void>((resolve) => response.end(resolve));
  },
  'drain-listener-from-before': (response, sources) => {
    const chunks = sources.bytes();
    const pump = (): void => {
      for (let next = chunks.next(); !next.done; next = chunks.next()) if (!response.write(next.value)) return;
      response.end();
    };
    response.on('drain', pump);
    pump();
    return once(response, 'close');
  },
};

/** The paths of all of them. */
export const STREAMS = [
  ...Object.keys(WAYS).map((name) => `/streams/way/${name}`),
  '/streams/returned-file',
  '/streams/generator',
];

/** How long the answer has to be. */
export function lengthOf(path: string, { total }: { total: number }): number {
  return path.includes('of-a-file') ? statSync(PAGE).size : total;
}

@Controller('streams')
export class StreamsController {
  constructor(
    private readonly marker: Marker,
    private readonly sources: Sources,
  ) {}

  @Get('way/:name')
  async way(@Param('name') name: string, @Req() request: AnyRequest, @Res() reply: AnyReply) {
    await this.marker.mark(request);
    const response = rawOf(reply);
    response.setHeader('Content-Type', 'text/plain');
    this.sources.done = WAYS[name]!(response, this.sources).catch((error: unknown) => error);
  }

  @Get('returned-file')
  async file(@Req() request: AnyRequest) {
    await this.marker.mark(request);
    const source = this.sources.readable();
    this.sources.done = once(source, 'close');
    return new StreamableFile(source, { type: 'text/plain' });
  }

  @Get('generator')
  @Header('Content-Type', 'text/plain')
  async *generator(@Req() request: AnyRequest) {
    await this.marker.mark(request);
    let done = (): void => {};
    this.sources.done = new Promise<void>((resolve) => (done = resolve));
    try {
      yield* this.sources.bytes();
    } finally {
      done();
    }
  }
}
