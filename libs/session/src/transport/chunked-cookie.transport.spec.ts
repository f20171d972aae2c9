import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { ChunkedCookieTransport } from './chunked-cookie.transport.js';
import { type CookieSettings, CookieTransport } from './cookie.transport.js';

const NAME = '__Host-sid';
const SETTINGS: CookieSettings = {
  name: NAME,
  secure: true,
  httpOnly: true,
  sameSite: 'lax',
  path: '/',
  persistent: false,
  partitioned: false,
};

const transport = new ChunkedCookieTransport(SETTINGS, 3);
const ONE = new CookieTransport(SETTINGS).capacity;

/** A token of so many characters, no two pieces of which are alike. */
const tokenOf = (length: number): string =>
  Array.from({ length: Math.ceil(length / 8) }, (_, index) => index.toString(36).padStart(8, 'A'))
    .join('')
    .slice(0, length);

type Jar = ReadonlyMap<string, string>;

function requestOf(jar: Jar | string = ''): IncomingMessage {
  const request = new IncomingMessage(new Socket());
  request.headers.cookie =
    typeof jar === 'string' ? jar : [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
  return request;
}

/** What the lines of an answer to a request with these cookies are, and what the browser has afterwards. */
function answer(jar: Jar, work: (response: ServerResponse) => void): { lines: string[]; jar: Jar } {
  const response = new ServerResponse(requestOf(jar));
  work(response);
  const lines = [response.getHeader('set-cookie') ?? []].flat() as string[];
  const after = new Map(jar);
  for (const line of lines) {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
    if (line.includes('Max-Age=0')) after.delete(name);
    else after.set(name, value);
  }
  return { lines, jar: after };
}

const write = (jar: Jar, token: string, maxAge?: number, by = transport) =>
  answer(jar, (response) => by.write(response, token, maxAge));

const EMPTY: Jar = new Map();
const names = (jar: Jar): string[] => [...jar.keys()].sort();
const attributesOf = (line: string): string[] =>
  line
    .split('; ')
    .slice(1)
    .filter((attribute) => !/^(Max-Age|Expires)=/.test(attribute))
    .sort();

describe('a token in pieces', () => {
  it('is in one cookie, as without pieces, as long as it fits', () => {
    const { jar, lines } = write(EMPTY, tokenOf(ONE), 34_560_000);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toHaveLength(4_096);
    expect(transport.read(requestOf(jar))).toEqual([tokenOf(ONE)]);
  });

  it('D-12 R-30 is spread when it does not, in no more cookies than allowed, none of them too large', () => {
    const token = tokenOf(transport.capacity);
    const { jar, lines } = write(EMPTY, token, 34_560_000);
    expect(names(jar)).toEqual([`${NAME}.0`, `${NAME}.1`, `${NAME}.2`]);
    expect(lines.map((line) => line.length)).toEqual([4_096, 4_096, 4_096]);
    expect(transport.read(requestOf(jar))).toEqual([token]);
  });

  it('I19 comes back as it was, whatever its length', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: transport.capacity }), (length) => {
        expect(transport.read(requestOf(write(EMPTY, tokenOf(length)).jar))).toEqual([tokenOf(length)]);
      }),
      { examples: [[ONE], [ONE + 1], [2 * ONE - 6], [2 * ONE - 5], [transport.capacity]] },
    );
  });

  it('is never mistaken for another length: every change of length leaves that token and nothing else', () => {
    const lengths = [100, ONE, ONE + 1, 2 * ONE, 2 * ONE + 500, transport.capacity];
    for (const before of lengths) {
      for (const after of lengths) {
        const { jar } = write(write(EMPTY, tokenOf(before)).jar, tokenOf(after));
        expect(transport.read(requestOf(jar))).toEqual([tokenOf(after)]);
        expect(names(jar)).toEqual(names(write(EMPTY, tokenOf(after)).jar));
      }
    }
  });

  it('R-34 clears what is left over with the attributes it was set with', () => {
    const three = write(EMPTY, tokenOf(transport.capacity));
    const { lines } = write(three.jar, tokenOf(100));
    expect(lines).toHaveLength(4);
    for (const line of lines) expect(attributesOf(line)).toEqual(attributesOf(three.lines[0]!));
    expect(lines.slice(1)).toEqual([0, 1, 2].map((index) => expect.stringContaining(`${NAME}.${index}=; `)));
  });

  it('clears pieces of a larger setting too', () => {
    const { jar } = write(EMPTY, tokenOf(transport.capacity));
    const smaller = new ChunkedCookieTransport(SETTINGS, 2);
    expect(names(write(jar, tokenOf(2 * ONE - 100), undefined, smaller).jar)).toEqual([`${NAME}.0`, `${NAME}.1`]);
  });

  it('B-31 goes altogether when it is cleared', () => {
    const { jar } = write(EMPTY, tokenOf(transport.capacity));
    expect(names(answer(jar, (response) => transport.clear(response)).jar)).toEqual([]);
    const whole = write(EMPTY, tokenOf(100));
    expect(answer(whole.jar, (response) => transport.clear(response)).lines).toHaveLength(1);
  });

  it('B-59 leaves the cookies of others alone', () => {
    const { lines } = answer(EMPTY, (response) => {
      response.setHeader('Set-Cookie', ['theme=dark', `${NAME}.9=x`]);
      transport.write(response, tokenOf(2 * ONE - 10), undefined);
    });
    expect(lines.slice(0, 2)).toEqual(['theme=dark', `${NAME}.9=x`]);
    expect(lines).toHaveLength(4);
  });
});

describe('pieces', () => {
  const token = tokenOf(transport.capacity);
  const { jar } = write(EMPTY, token);
  const without = (...missing: number[]): Jar =>
    new Map([...jar].filter(([name]) => !missing.some((index) => name.endsWith(`.${index}`))));

  it.each([[[0]], [[1]], [[2]], [[0, 1]], [[1, 2]], [[0, 1, 2]]])('of which %j are missing are nothing', (missing) => {
    expect(transport.read(requestOf(without(...missing)))).toEqual([]);
  });

  it('in any order are put together in theirs', () => {
    expect(transport.read(requestOf(new Map([...jar].toReversed())))).toEqual([token]);
  });

  it('left over from a longer token are ignored', () => {
    const shorter = write(EMPTY, tokenOf(2 * ONE - 100));
    const stale = new Map([...jar, ...shorter.jar]);
    expect(transport.read(requestOf(stale))).toEqual([tokenOf(2 * ONE - 100)]);
  });

  it('that come several times, from other paths, are put together in order', () => {
    const other = write(EMPTY, 'B'.repeat(2 * ONE - 100)).jar;
    const [first, second] = [`${NAME}.0`, `${NAME}.1`];
    const mine = write(EMPTY, tokenOf(2 * ONE - 100)).jar;
    const header = [first, second]
      .flatMap((name) => [mine, other].map((from) => `${name}=${from.get(name)}`))
      .join('; ');
    expect(transport.read(requestOf(header))).toEqual([tokenOf(2 * ONE - 100), 'B'.repeat(2 * ONE - 100)]);
  });

  it.each(['', '.', '1.abc', '0.abc', '4.abc', '9.abc', 'x.abc', '2abc', '-1.a', '2,abc', '22.a', ' 2.a'])(
    'of which the first is %j are nothing',
    (first) => {
      expect(transport.read(requestOf(`${NAME}.0=${first}; ${NAME}.1=def; ${NAME}.2=ghi`))).toEqual([]);
    },
  );

  it('C-24 are found under their exact names only', () => {
    const pairs = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    expect(transport.read(requestOf(pairs.replace(`${NAME}.1`, `${NAME}.01`)))).toEqual([]);
    expect(transport.read(requestOf(pairs.replace(`${NAME}.1`, `${NAME.toLowerCase()}.1`)))).toEqual([]);
  });

  it('D-5 cost a stranger next to nothing', () => {
    expect(transport.read(requestOf())).toEqual([]);
    expect(transport.read(requestOf('a=1;'.repeat(4_000)))).toEqual([]);
  });
});
