import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { type CookieSettings, CookieTransport, readCookies } from './cookie.transport.js';

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

function newRequest(cookie?: string): IncomingMessage {
  const request = new IncomingMessage(new Socket());
  if (cookie !== undefined) request.headers.cookie = cookie;
  return request;
}

function newResponse(headers: Record<string, string | string[]> = {}): ServerResponse {
  const response = new ServerResponse(newRequest());
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  return response;
}

const cookiesOf = (response: ServerResponse): unknown => response.getHeader('set-cookie');
const cachingOf = (response: ServerResponse): unknown => response.getHeader('cache-control');

/** The attributes of a Set-Cookie line, but for those that say how long. */
function attributesOf(line: string): string[] {
  const attributes = line.split('; ').slice(1);
  return attributes.filter((attribute) => !/^(Max-Age|Expires)=/.test(attribute)).sort();
}

/** C-24: headers in which some parser found a cookie that nobody had set under this name. */
const HOSTILE: readonly (readonly [what: string, header: string, found: readonly string[]])[] = [
  ['no cookie at all', '', []],
  ['ours alone', '__Host-sid=T', ['T']],
  ['ours among others', 'a=1; __Host-sid=T; b=2', ['T']],
  ['without a blank after the semicolon', 'a=1;__Host-sid=T;b=2', ['T']],
  ['blanks and tabs around it', 'a=1; \t __Host-sid=T \t ; b=2', ['T']],
  ['semicolons only', ';;; ; __Host-sid=T;;;', ['T']],
  ['twice', '__Host-sid=T; __Host-sid=U', ['T', 'U']],
  ['with an empty value', '__Host-sid=', ['']],
  ['without a value', '__Host-sid', []],
  ['without a value, before another', '__Host-sid; a=T', []],
  ['a semicolon for the value', '__Host-sid;=T', []],
  ['= in the value', '__Host-sid=T=U', ['T=U']],
  ['a value that begins with =', '__Host-sid==T', ['=T']],
  ['quotes are part of the value', '__Host-sid="T"', ['"T"']],
  ['nothing is percent-decoded', '__Host-sid=%54%3B', ['%54%3B']],
  ['a comma separates nothing', '__Host-sid=T,a=1', ['T,a=1']],
  ['a comma before it separates nothing', 'a=1,__Host-sid=T', []],
  ['a name in lower case', '__host-sid=T', []],
  ['a name in capitals', '__HOST-SID=T', []],
  ['a longer name', '__Host-sid2=T', []],
  ['a name with something before it', 'x__Host-sid=T', []],
  ['a name that is percent-encoded', '%5F_Host-sid=T', []],
  ['= that is percent-encoded', '__Host-sid%3DT', []],
  ['a name in quotes', '"__Host-sid"=T', []],
  ['a blank between name and =', '__Host-sid =T', []],
  ['a cookie without a name, whose value looks like ours', '=__Host-sid=T', []],
  ['the same after another cookie', 'a=1; =__Host-sid=T', []],
  ['a value that looks like ours', 'a=__Host-sid=T', []],
  ['a no-break space before the name', '\u00a0__Host-sid=T', []],
  ['the bytes of U+2000 before the name', '\u00e2\u0080\u0080__Host-sid=T', []],
  ['U+2000 before the name', '\u2000__Host-sid=T', []],
  ['an ideographic space before the name', '\u3000__Host-sid=T', []],
  ['a byte order mark before the name', '\ufeff__Host-sid=T', []],
  ['a zero-width space before the name', '\u200b__Host-sid=T', []],
  ['a vertical tab before the name', '\v__Host-sid=T', []],
  ['a form feed before the name', '\f__Host-sid=T', []],
  ['a line break before the name', 'a=1\r\n__Host-sid=T', []],
  ['a separator of units before the name', '\x1f__Host-sid=T', []],
  ['NUL before the name', '\0__Host-sid=T', []],
  ['a no-break space after the value', '__Host-sid=T\u00a0', ['T\u00a0']],
  ['a line break after the value', '__Host-sid=T\r\n', ['T\r\n']],
  ['letters that look the same', '＿＿Host-sid=T; __Hоst-sid=U', []],
  ['a wide =', '__Host-sid＝T', []],
  ['a comment of RFC 2109', '$Version=1; __Host-sid=T; $Path=/; $Domain=x', ['T']],
  ['a quoted value opened before ours and closed after it', '$Version=1; a="x; __Host-sid=T; b=y"', ['T']],
  ['a quoted value with an escaped quote', 'a="\\"; __Host-sid=T"', ['T"']],
  ['attributes of an answer', '__Host-sid=T; Path=/; HttpOnly; Secure', ['T']],
  ['names of built-in properties', '__proto__=1; constructor=2; toString=3; __Host-sid=T', ['T']],
  ['more than a hundred', Array.from({ length: 120 }, (_, index) => `__Host-sid=${index}`).join('; '), Array.from({ length: 100 }, (_, index) => `${index}`)], // prettier-ignore
];

describe('reading', () => {
  it.each(HOSTILE)('C-24 R-36 %s', (_, header, found) => {
    expect(new CookieTransport(SETTINGS).read(newRequest(header))).toEqual(found);
  });

  it('a request without the header has none', () => {
    expect(new CookieTransport(SETTINGS).read(newRequest())).toEqual([]);
  });

  it('R-35 finds ours in every Cookie header, which Node joins', () => {
    expect(readCookies(['a=1', '__Host-sid=T', '__Host-sid=U'].join('; '), NAME)).toEqual(['T', 'U']);
  });

  it('C-24 finds exactly what RFC 6265bis says was sent, in any header', () => {
    const part = fc.oneof(
      fc.constantFrom(
        '__Host-sid=T',
        '__Host-sid',
        '=',
        '__Host-sid=',
        ' ',
        '\t',
        '"',
        '\u00a0',
        'a=1',
        ',',
        '%3B',
        '$',
      ),
      fc.string({ maxLength: 5 }),
    );
    const header = fc.array(
      fc.array(part, { maxLength: 4 }).map((parts) => parts.join('')),
      { maxLength: 5 },
    );
    const property = fc.property(header, (pairs) => {
      const expected = pairs
        .join(';')
        .split(';')
        .map((pair) => pair.replace(/^[ \t]+/, ''))
        .filter((pair) => pair.startsWith('__Host-sid='))
        .map((pair) => pair.slice('__Host-sid='.length).replace(/[ \t]+$/, ''));
      expect(readCookies(pairs.join(';'), NAME)).toEqual(expected.slice(0, 5));
    });
    fc.assert(property, { numRuns: 1_000 });
  });

  it.each([
    ['tiny cookies', 'a=;'],
    ['semicolons', ';'],
    ['blanks', ' '],
    ['tabs', '\t'],
    ['equal signs', '='],
    ['quotes', '"'],
    ['almost ours', '__Host-si'],
    ['almost ours, many times', '__Host-sid ; '],
    ['ours, many times', '__Host-sid=T;'],
    ['ours with blanks', '__Host-sid=T                         '],
  ])('C-26 D-5 takes time in proportion to the header: %s', (_, piece) => {
    const timeOf = (length: number): number => {
      const header = piece.repeat(length / piece.length);
      const times = Array.from({ length: 5 }, () => {
        const startedAt = performance.now();
        readCookies(header, NAME);
        return performance.now() - startedAt;
      });
      return Math.min(...times);
    };
    timeOf(1_000_000); // warm
    // Eight times as much; a square would take 64 times as long. Half a millisecond is not worth measuring.
    expect(timeOf(1_000_000)).toBeLessThan(0.5 + 24 * timeOf(125_000));
    expect(timeOf(16_384)).toBeLessThan(5);
  });
});

describe('writing', () => {
  it('C-43 B-58 the golden line', () => {
    const response = newResponse();
    new CookieTransport(SETTINGS).write(response, 'TOKEN', undefined);
    expect(cookiesOf(response)).toEqual(['__Host-sid=TOKEN; Path=/; HttpOnly; Secure; SameSite=Lax']);
  });

  it('R-37 the golden line of a session that outlives the browser', () => {
    const response = newResponse();
    new CookieTransport(SETTINGS).write(response, 'TOKEN', 1_800);
    expect(cookiesOf(response)).toEqual(['__Host-sid=TOKEN; Max-Age=1800; Path=/; HttpOnly; Secure; SameSite=Lax']);
  });

  it('with everything different', () => {
    const response = newResponse();
    new CookieTransport({
      name: '__Secure-shop',
      secure: true,
      httpOnly: false,
      sameSite: 'none',
      path: '/shop',
      domain: 'example.com',
      persistent: true,
      partitioned: true,
    }).write(response, 'TOKEN', undefined);
    const [line] = cookiesOf(response) as string[];
    expect(line).toMatch(/^__Secure-shop=TOKEN; /);
    expect(attributesOf(line!)).toEqual(['Domain=example.com', 'Partitioned', 'Path=/shop', 'SameSite=None', 'Secure']);
  });

  it.each([
    [0, 0],
    [0.9, 0],
    [-5, 0],
    [1_800.9, 1_800],
    [34_560_000, 34_560_000],
    [34_560_001, 34_560_000],
    [Infinity, 34_560_000],
  ])('R-31 C-44 of %d seconds browsers keep %d: whole, and 400 days at most', (maxAge, kept) => {
    const response = newResponse();
    new CookieTransport(SETTINGS).write(response, 'TOKEN', maxAge);
    expect(cookiesOf(response)).toEqual([expect.stringContaining(`=TOKEN; Max-Age=${kept}; Path=/`)]);
  });

  it.each([
    ['none', {}, []],
    ['one', { 'set-cookie': 'a=1; Path=/' }, ['a=1; Path=/']],
    ['several', { 'set-cookie': ['a=1', 'b=2; HttpOnly'] }, ['a=1', 'b=2; HttpOnly']],
    ['similar names', { 'Set-Cookie': ['__Host-sid2=1', 'x__Host-sid=2'] }, ['__Host-sid2=1', 'x__Host-sid=2']],
    ['a name in other letters', { 'set-cookie': ['__host-sid=1'] }, ['__host-sid=1']],
  ])('B-59 C-23 other cookies stay as they are: %s', (_, headers, others) => {
    const response = newResponse(headers);
    const transport = new CookieTransport(SETTINGS);
    transport.write(response, 'TOKEN', undefined);
    expect(cookiesOf(response)).toEqual([...others, expect.stringContaining('__Host-sid=TOKEN;')]);
    transport.clear(response);
    expect(cookiesOf(response)).toEqual([...others, expect.stringContaining('__Host-sid=;')]);
  });

  it('R-33 there is never more than one of ours, the last one', () => {
    const response = newResponse({ 'set-cookie': ['__Host-sid=planted; Path=/', 'a=1'] });
    const transport = new CookieTransport(SETTINGS);
    transport.write(response, 'ONE', undefined);
    transport.clear(response);
    transport.write(response, 'TWO', undefined);
    expect(cookiesOf(response)).toEqual(['a=1', '__Host-sid=TWO; Path=/; HttpOnly; Secure; SameSite=Lax']);
  });

  it('B-64 two sessions in one answer each have theirs', () => {
    const response = newResponse();
    new CookieTransport(SETTINGS).write(response, 'ONE', undefined);
    new CookieTransport({ ...SETTINGS, name: '__Host-admin' }).write(response, 'TWO', undefined);
    expect(cookiesOf(response)).toEqual([
      expect.stringContaining('__Host-sid=ONE;'),
      expect.stringContaining('__Host-admin=TWO;'),
    ]);
  });

  it('C-22 R-40 the answer varies by Cookie', () => {
    expect(new CookieTransport(SETTINGS).vary).toBe('Cookie');
  });

  it.each([
    ['nothing', undefined, 'private, no-store'],
    ['public', 'public, max-age=60', 'private, no-store'],
    ['private', 'private', 'private, no-store'],
    ['no-cache', 'no-cache', 'private, no-store'],
    ['no-store', 'no-store', 'no-store'],
    ['more than no-store', 'no-store, max-age=0', 'no-store, max-age=0'],
    ['No-Store', 'No-Store', 'No-Store'],
  ])('C-22 R-40 is kept by no cache, where the application says %s', (_, given, expected) => {
    const transport = new CookieTransport(SETTINGS);
    for (const act of ['write', 'clear'] as const) {
      const response = newResponse(given === undefined ? {} : { 'cache-control': given });
      transport[act](response, 'TOKEN', undefined);
      expect(cachingOf(response)).toBe(expected);
    }
  });
});

describe('clearing', () => {
  it('R-34 the golden line', () => {
    const response = newResponse();
    new CookieTransport(SETTINGS).clear(response);
    expect(cookiesOf(response)).toEqual([
      '__Host-sid=; Max-Age=0; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Secure; SameSite=Lax',
    ]);
  });

  it('C-34 R-34 has the attributes of what was written, whatever they are', () => {
    const settings = fc.record({
      name: fc.constantFrom('sid', '__Secure-sid'),
      secure: fc.boolean(),
      httpOnly: fc.boolean(),
      sameSite: fc.constantFrom('lax' as const, 'strict' as const, 'none' as const),
      path: fc.constantFrom('/', '/shop', '/a b'),
      domain: fc.constantFrom(undefined, 'example.com'),
      persistent: fc.boolean(),
      partitioned: fc.boolean(),
    });
    const property = fc.property(settings, fc.constantFrom(undefined, 60), (given, maxAge) => {
      const [written, cleared] = [newResponse(), newResponse()];
      const transport = new CookieTransport(given);
      transport.write(written, 'TOKEN', maxAge);
      transport.clear(cleared);
      const [[set], [unset]] = [cookiesOf(written) as [string], cookiesOf(cleared) as [string]];
      expect(attributesOf(unset)).toEqual(attributesOf(set));
      expect(set).toMatch(new RegExp(`^${given.name}=TOKEN;`));
      expect(unset).toMatch(new RegExp(`^${given.name}=; Max-Age=0; `));
      expect(set.includes('; Secure')).toBe(given.secure);
      expect(set.includes('; Partitioned')).toBe(given.partitioned);
    });
    fc.assert(property, { numRuns: 200 });
  });

  it('C-35 no answer changes what another one gets', () => {
    const transport = new CookieTransport(SETTINGS);
    transport.write(newResponse(), 'ONE', 5);
    transport.clear(newResponse());
    const response = newResponse();
    transport.write(response, 'TWO', undefined);
    expect(cookiesOf(response)).toEqual(['__Host-sid=TWO; Path=/; HttpOnly; Secure; SameSite=Lax']);
  });
});
