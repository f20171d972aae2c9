import { MoveKeys } from './move.keys.js';
import { isSessionId, TokenFormat } from './token.js';

const KEY = 'correct horse battery staple, thirty-two bytes';
const OTHER = 'another battery of forty horses, staple';

describe('what is derived from an old id', () => {
  it('is the same whenever it is asked for, and differs with everything that goes in', () => {
    const keys = new MoveKeys('session', 'express-session', [KEY, OTHER]);
    const all = [
      keys.token(0, 0, 'old'),
      keys.token(0, 1, 'old'),
      keys.token(0, 0, 'older'),
      keys.token(1, 0, 'old'),
      new MoveKeys('admin', 'express-session', [KEY]).token(0, 0, 'old'),
      new MoveKeys('session', 'cookie-session', [KEY]).token(0, 0, 'old'),
    ];
    const ids = [...keys.notes('claim', 'old'), ...keys.notes('user', 'old'), ...all.map(({ id }) => id)];
    expect(new Set(ids).size).toBe(10);
    expect(ids.every(isSessionId)).toBe(true);
    expect(new Set(all.map(({ secret }) => secret)).size).toBe(all.length);
    expect(new MoveKeys('session', 'express-session', [KEY]).token(0, 0, 'old')).toEqual(all[0]);
  });

  it('R-1 is a token like all others', () => {
    const format = new TokenFormat('session', [KEY]);
    const token = new MoveKeys('session', 'express-session', [KEY]).token(0, 0, 'old');
    expect(format.parse(format.format(token))).toEqual({ ...token, outdated: false });
  });
});
