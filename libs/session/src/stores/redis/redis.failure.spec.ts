import { describe, expect, it } from '@jest/globals';
import { SessionConfigError, SessionStoreFullError } from '../../core/errors.js';
import { codeOf, failureOf, messageOf } from './redis.failure.js';

/** What Redis 6 makes of an error inside of a script. */
const inScript6 = (error: string) =>
  `ERR Error running script (call to f_8d2fa2e3): @user_script:18: @user_script: 18: -${error}`;

describe('errors of Redis', () => {
  it.each([
    ["OOM command not allowed when used memory > 'maxmemory'. script: 8d2fa2e3, on @user_script:27.", 'OOM'],
    [inScript6("OOM command not allowed when used memory > 'maxmemory'."), 'OOM'],
    ['ERR Error running script (call to f_8d2f): @user_script:7: WRONGTYPE Operation against a key', 'WRONGTYPE'],
    [inScript6("READONLY You can't write against a read only replica."), 'READONLY'],
    ['MOVED 3999 127.0.0.1:6381', 'MOVED'],
    [
      "ERR The user executing the script can't run this command or subcommand script: 8d2f, on @user_script:2.",
      'NOPERM',
    ],
    ['NOPERM this user has no permissions to run the evalsha command', 'NOPERM'],
    ['ERR Protocol error', 'ERR'],
    ['Connection is closed.', ''],
    ['connect ECONNREFUSED 127.0.0.1:6379', ''],
    ['', ''],
  ])('%j is %j', (message, code) => {
    expect(codeOf(new Error(message))).toBe(code);
  });

  it('an error without a message is told by its code', () => {
    const error = Object.assign(new AggregateError([], ''), { code: 'ECONNREFUSED' });
    expect(messageOf(error)).toBe('ECONNREFUSED');
    expect(messageOf(undefined)).toBe('undefined');
  });

  it('those that need no other words are passed on as they are', () => {
    const error = new Error('READONLY');
    expect(failureOf(error, '')).toBe(error);
    expect(failureOf('thrown', '')).toBe('thrown');
  });

  it('those of ioredis lose the command, which is somebody’s session', () => {
    const error = Object.assign(new Error('LOADING'), { command: { name: 'evalsha', args: ['secret'] } });
    expect(failureOf(error, '')).not.toHaveProperty('command');
  });

  it.each([
    ['OOM no', SessionStoreFullError],
    ['WRONGTYPE no', SessionConfigError],
  ])('%s has a name of its own, and the cause', (message, type) => {
    const error = new Error(message);
    expect(failureOf(error, 'my:')).toBeInstanceOf(type);
    expect(failureOf(error, 'my:')).toMatchObject({ cause: error });
  });
});
