import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** An answer as it came over the wire. */
export interface RawAnswer {
  readonly status: number;
  readonly reason: string;
  /** In the order they came; names in the case they came in. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Without chunk framing. */
  readonly body: Buffer;
  readonly text: string;
  /** Status lines of the informational answers (1xx) before it. */
  readonly informational: readonly string[];
  /** Everything, framing included. */
  readonly bytes: Buffer;
}

export interface RawRequest {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The values of a header, in the order they came. */
export function valuesOf({ headers }: RawAnswer, name: string): string[] {
  return headers.filter(([key]) => key.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
}

/** A socket that speaks HTTP/1.1 and hides nothing: first bytes, pipelining, informational answers, exact bytes. */
export class RawConnection {
  #buffer = Buffer.alloc(0);
  #ended = false;
  readonly #methods: string[] = [];

  private constructor(readonly socket: Socket) {
    socket.on('data', (chunk) => (this.#buffer = Buffer.concat([this.#buffer, chunk])));
    socket.on('close', () => (this.#ended = true));
    socket.on('error', () => {});
  }

  static async open(port: number): Promise<RawConnection> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new RawConnection(socket);
  }

  /** Bytes that came and belong to no answer taken yet. */
  get received(): number {
    return this.#buffer.length;
  }

  /** Sends requests, all at once if there are several. */
  send(...requests: RawRequest[]): void {
    this.#methods.push(...requests.map(({ method = 'GET' }) => method));
    this.socket.write(requests.map(format).join(''));
  }

  /** Resolves with the first bytes of the next answer. */
  async firstByte(): Promise<void> {
    while (this.#buffer.length === 0) await this.#more();
  }

  /** The next answer, complete. */
  async answer(): Promise<RawAnswer> {
    const method = this.#methods.shift() ?? 'GET';
    for (;;) {
      const parsed = parse(this.#buffer, method, this.#ended);
      if (parsed) {
        this.#buffer = this.#buffer.subarray(parsed.bytes.length);
        return parsed;
      }
      await this.#more();
    }
  }

  destroy(): void {
    this.socket.destroy();
  }

  async #more(): Promise<void> {
    if (this.#ended) throw new Error(`The connection closed after ${JSON.stringify(this.#buffer.toString('latin1'))}`);
    const settled = new AbortController();
    const { signal } = settled;
    await Promise.race([once(this.socket, 'data', { signal }), once(this.socket, 'close', { signal })]).finally(() =>
      settled.abort(),
    );
  }
}

/** One request on a connection of its own. */
export async function exchange(port: number, request: RawRequest): Promise<RawAnswer> {
  const connection = await RawConnection.open(port);
  try {
    connection.send(request);
    return await connection.answer();
  } finally {
    connection.destroy();
  }
}

function format({ headers = {}, method = 'GET', path }: RawRequest): string {
  const lines = Object.entries({ Host: '127.0.0.1', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`;
}

/** `undefined`: more has to come. */
function parse(buffer: Buffer, method: string, ended: boolean): RawAnswer | undefined {
  const informational: string[] = [];
  for (let from = 0; ;) {
    const end = buffer.indexOf('\r\n\r\n', from);
    if (end === -1) return undefined;
    const [statusLine = '', ...lines] = buffer.toString('latin1', from, end).split('\r\n');
    const [, code = '', reason = ''] = /^HTTP\/1\.1 (\d{3}) ?(.*)$/.exec(statusLine) ?? [];
    const status = Number(code);
    const start = end + 4;
    if (status >= 100 && status < 200) {
      informational.push(statusLine);
      from = start;
      continue;
    }
    const headers = lines.map((line): [string, string] => {
      const colon = line.indexOf(': ');
      return [line.slice(0, colon), line.slice(colon + 2)];
    });
    const body = readBody(buffer, start, headers, method === 'HEAD' || status === 204 || status === 304, ended);
    if (!body) return undefined;
    const bytes = buffer.subarray(0, body.end);
    return { status, reason, headers, informational, body: body.content, text: body.content.toString(), bytes };
  }
}

function readBody(
  buffer: Buffer,
  start: number,
  headers: readonly [string, string][],
  empty: boolean,
  ended: boolean,
): { content: Buffer; end: number } | undefined {
  const header = (name: string) => headers.find(([key]) => key.toLowerCase() === name)?.[1];
  if (empty) return { content: Buffer.alloc(0), end: start };
  if (header('transfer-encoding') === 'chunked') return readChunks(buffer, start);
  const length = header('content-length');
  if (length === undefined) return ended ? { content: buffer.subarray(start), end: buffer.length } : undefined;
  const end = start + Number(length);
  return end <= buffer.length ? { content: buffer.subarray(start, end), end } : undefined;
}

function readChunks(buffer: Buffer, start: number): { content: Buffer; end: number } | undefined {
  const chunks: Buffer[] = [];
  for (let from = start; ;) {
    const line = buffer.indexOf('\r\n', from);
    if (line === -1) return undefined;
    const size = parseInt(buffer.toString('latin1', from, line), 16);
    if (Number.isNaN(size)) throw new Error(`Not a chunk: ${buffer.toString('latin1', from)}`);
    const next = line + 2 + size + 2;
    if (next > buffer.length) return undefined;
    if (size === 0) return { content: Buffer.concat(chunks), end: next };
    chunks.push(buffer.subarray(line + 2, line + 2 + size));
    from = next;
  }
}
