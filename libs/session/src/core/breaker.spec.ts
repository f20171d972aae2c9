import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '../testing/manual-clock.js';
import { Breaker } from './breaker.js';

const PAUSE = 1_000;

function given() {
  const clock = new ManualClock(1_800_000_000_000);
  const breaker = new Breaker(clock);
  const fail = (times: number) => {
    for (let count = 0; count < times; count++) breaker.failed();
  };
  return { breaker, clock, fail, isOpen: () => breaker.refusal() !== undefined };
}

describe('a circuit breaker', () => {
  it('lets calls through', () => {
    const { isOpen } = given();
    expect([isOpen(), isOpen(), isOpen()]).toEqual([false, false, false]);
  });

  it('opens after five failures in a row, and says why', () => {
    const { breaker, fail, isOpen } = given();
    fail(4);
    expect(isOpen()).toBe(false);
    fail(1);
    expect(breaker.refusal()).toBeInstanceOf(Error);
    expect(breaker.refusal()!.message).toContain('failed 5 times in a row');
  });

  it('counts failures in a row: one success in between, and it starts anew', () => {
    const { breaker, fail, isOpen } = given();
    fail(4);
    breaker.succeeded();
    fail(4);
    expect(isOpen()).toBe(false);
  });

  it('stays open for a second, to the millisecond', () => {
    const { clock, fail, isOpen } = given();
    fail(5);
    clock.advance(PAUSE - 1);
    expect(isOpen()).toBe(true);
    clock.advance(1);
    expect(isOpen()).toBe(false);
  });

  it('then lets one call through a second, and no other', () => {
    const { clock, fail, isOpen } = given();
    fail(5);
    clock.advance(PAUSE);
    expect([isOpen(), isOpen(), isOpen()]).toEqual([false, true, true]);
    clock.advance(PAUSE - 1);
    expect(isOpen()).toBe(true);
    clock.advance(1);
    expect([isOpen(), isOpen()]).toEqual([false, true]);
  });

  it('closes when that one succeeds', () => {
    const { breaker, clock, fail, isOpen } = given();
    fail(5);
    clock.advance(PAUSE);
    expect(isOpen()).toBe(false);
    breaker.succeeded();
    expect([isOpen(), isOpen()]).toEqual([false, false]);
    fail(4);
    expect(isOpen()).toBe(false);
  });

  it('waits another second from when that one fails', () => {
    const { breaker, clock, fail, isOpen } = given();
    fail(5);
    clock.advance(PAUSE);
    expect(isOpen()).toBe(false);
    clock.advance(600);
    breaker.failed();
    clock.advance(PAUSE - 1);
    expect(isOpen()).toBe(true);
    clock.advance(1);
    expect(isOpen()).toBe(false);
  });

  it.each([-1, -PAUSE, -3_600_000, 3_600_000, 400 * 86_400_000])(
    'B-47 F26 a clock that jumps by %d ms does not keep it open for more than two pauses',
    (jump) => {
      const { clock, fail, isOpen } = given();
      fail(5);
      clock.advance(jump);
      isOpen();
      clock.advance(2 * PAUSE);
      expect(isOpen()).toBe(false);
    },
  );
});
