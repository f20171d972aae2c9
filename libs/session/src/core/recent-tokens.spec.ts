import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import { RecentTokens } from './recent-tokens.js';
import { hashSecret, TokenFormat } from './token.js';

const KEY = 'a key of no less than thirty-two bytes';

function given() {
  const format = new TokenFormat('session', [KEY]);
  const parsed: unknown[] = [];
  const recent = new RecentTokens((text) => {
    parsed.push(text);
    return format.parse(text);
  });
  return { format, parsed, recent };
}

describe('RecentTokens', () => {
  it('verifies a token that comes often no more than twice, and knows the hash of its secret', () => {
    const { format, parsed, recent } = given();
    const token = format.mint();
    const text = format.format(token);
    const verified = { ...token, outdated: false, secretHash: hashSecret(token.secret) };
    for (let time = 0; time < 5; time++) expect(recent.verify(text)).toEqual(verified);
    expect(parsed).toEqual([text, text]);
  });

  it('D-1 never keeps what is not good', () => {
    const { format, parsed, recent } = given();
    const forged = format.format(format.mint()).slice(0, -1) + '_';
    for (const text of [forged, forged, 'x', 'x', undefined, 7]) expect(typeof recent.verify(text)).toBe('string');
    expect(parsed).toEqual([forged, forged, 'x', 'x']);
  });

  it('a token with the bare half of another does not pass for it', () => {
    const { format, recent } = given();
    const [one, other] = [format.format(format.mint()), format.format(format.mint())];
    recent.verify(one);
    recent.verify(other);
    expect(recent.verify(one.slice(0, 57) + other.slice(57))).toBe('signature');
    expect(recent.verify(other.slice(0, 24) + one.slice(24))).toBe('signature');
  });

  it('forgets the oldest, and keeps what is in use', () => {
    const { format, parsed, recent } = given();
    const texts = Array.from({ length: 1_200 }, () => format.format(format.mint()));
    const [used] = texts as [string];
    for (const text of texts) for (const one of [text, text, used]) recent.verify(one);
    expect(parsed).toHaveLength(2_400);
    recent.verify(texts[1]);
    expect(parsed).toHaveLength(2_401);
  });

  it('keeps nothing else of the header that a token came in', () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const format = new TokenFormat('session', [KEY]);
    const recent = new RecentTokens((text) => format.parse(text));
    collect();
    const before = process.memoryUsage().heapUsed;
    for (let count = 0; count < 500; count++) {
      const header = Buffer.from(`${'x'.repeat(15_000)}${format.format(format.mint())}`).toString();
      for (let time = 0; time < 2; time++) recent.verify(header.slice(15_000));
    }
    collect();
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(4_000_000);
    expect(recent.verify('x')).toBe('malformed');
  });
});
