import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, jest } from '@jest/globals';
import { type SessionEvent, SessionEvents } from './events.js';

const EVENT: SessionEvent = { type: 'ended', name: 'session', at: 1, id: 'id', reason: 'logout' };

/** Not Node's own class, so that awaiting it calls its `then` as everything else does. */
class Answer extends Promise<void> {}

describe('events', () => {
  it('reach every listener, in order, until it leaves', () => {
    const events = new SessionEvents();
    const heard: string[] = [];
    const leave = events.subscribe(({ type }) => heard.push(`one ${type}`));
    events.subscribe(({ type }) => heard.push(`two ${type}`));
    events.emit(EVENT);
    leave();
    leave();
    events.emit(EVENT);
    expect(heard).toEqual(['one ended', 'two ended', 'two ended']);
  });

  it('C-27 R-53 reach the others when a listener throws, and whoever emits hears nothing of it', () => {
    const events = new SessionEvents();
    const heard: SessionEvent[] = [];
    events.subscribe(() => {
      throw new Error('broken');
    });
    events.subscribe((event) => heard.push(event));
    expect(() => events.emit(EVENT)).not.toThrow();
    expect(heard).toEqual([EVENT]);
  });

  it('a listener may leave, and another one come, while an event is told', () => {
    const events = new SessionEvents();
    const heard: string[] = [];
    const leave = events.subscribe(() => {
      leave();
      events.subscribe(() => heard.push('late'));
      heard.push('first');
    });
    events.emit(EVENT);
    events.emit(EVENT);
    expect(heard.filter((one) => one === 'first')).toHaveLength(1);
  });

  it('C-27 a listener that never ends holds nobody up', () => {
    const events = new SessionEvents();
    events.subscribe(() => new Promise<void>(() => {}));
    expect(events.emit(EVENT)).toBeUndefined();
  });

  // An async listener fits the type, and emit() drops the promise that it returns.
  it('C-27 R-53 a listener that rejects is looked after like one that throws', async () => {
    const events = new SessionEvents();
    const answer = Answer.reject(new Error('broken'));
    // This test's own, so that the rejection is handled in any case.
    answer.catch(() => {});
    const then = jest.spyOn(answer, 'then');
    events.subscribe(() => answer as Promise<void>);
    events.emit(EVENT);
    await sleep(1);
    expect(then.mock.calls.some(([, rejected]) => typeof rejected === 'function')).toBe(true);
  });
});
