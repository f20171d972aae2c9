import { describe, expect, it } from '@jest/globals';
import { stageLogin, userIdOf } from './login.js';

describe('a login', () => {
  it('asks for what it is given', () => {
    expect(stageLogin('ann', { remember: true, label: 'Firefox on Linux' })).toEqual({
      kind: 'login',
      userId: 'ann',
      remember: true,
      label: 'Firefox on Linux',
    });
    expect(stageLogin('u'.repeat(255), {})).toMatchObject({ remember: false, label: undefined });
  });

  it.each([
    [undefined, 'not a undefined'],
    [null, 'not a object'],
    [42, 'not a number'],
    [['ann'], 'not a object'],
    ['', 'not one of 0 characters'],
    ['u'.repeat(256), 'not one of 256 characters'],
    ['a\0', 'not one with NUL'],
    ['\ud800', 'a lone surrogate'],
  ])('D-10 R-42 refuses %j as a user, and says why', (userId, reason) => {
    expect(() => stageLogin(userId, {})).toThrow(TypeError);
    expect(() => stageLogin(userId, {})).toThrow(reason);
  });

  it('keeps 200 characters of a label, which often is what a browser says of itself', () => {
    expect(stageLogin('ann', { label: 'x'.repeat(300) }).label).toBe('x'.repeat(200));
    expect(stageLogin('ann', { label: 'a\0b\ud800c' }).label).toBe('ab\ufffdc');
    expect(stageLogin('ann', { label: '' }).label).toBe('');
  });

  // The cut comes after toWellFormed(), so half an emoji is left; Postgres refuses that, and the login is a 503.
  it('cuts no character in two', () => {
    const { label } = stageLogin('ann', { label: `${'x'.repeat(199)}👩 on Linux` });
    expect(label?.isWellFormed()).toBe(true);
  });
});

describe('the id of a user as an application wrote it down', () => {
  it('is a text or a number', () => {
    expect(['ann', 42, 0].map(userIdOf)).toEqual(['ann', '42', '0']);
  });

  it('R-42 is none where strangers would come to be one user, or no store could hold it', () => {
    for (const user of [Number('ann'), Infinity, '', null, undefined, false, {}, ['ann'], 'a\0', 'u'.repeat(256)]) {
      expect(userIdOf(user)).toBeUndefined();
    }
  });
});
