import { describe, expect, it } from '@jest/globals';
import { type Turn, Turns } from './turns.js';

/** Work that goes on until it is told to end. */
function work() {
  let finish = (): void => {};
  let fail = (_error: Error): void => {};
  let begin = (): void => {};
  const began = new Promise<void>((resolve) => (begin = resolve));
  const ended = new Promise<void>((resolve, reject) => ((finish = resolve), (fail = reject)));
  const run = async (turn: Turn): Promise<Turn> => {
    begin();
    await ended;
    return turn;
  };
  return { run, began, finish, fail };
}

describe('turns', () => {
  it('come one after the other, in order, per key', async () => {
    const turns = new Turns();
    const order: string[] = [];
    const say = (text: string) => async (turn: Turn) => void order.push(`${text} ${turn}`);
    const first = work();
    const all = [turns.take('a', first.run), turns.take('a', say('second')), turns.take('a', say('third'))];
    await turns.take('b', say('elsewhere'));
    first.finish();
    expect(await all[0]).toBe('free');
    await Promise.all(all);
    expect(order).toEqual(['elsewhere free', 'second waited', 'third waited']);
    expect(await turns.take('a', async (turn) => turn)).toBe('free');
  });

  it('who comes back from within its own turn is in the queue behind itself', async () => {
    const turns = new Turns();
    const inner: Promise<Turn>[] = [];
    await turns.take('a', async () => void inner.push(turns.take('a', async (turn) => turn)));
    expect(await inner[0]).toBe('waited');
  });

  it('work that fails is one that has ended, and tells only its own caller', async () => {
    const turns = new Turns();
    const first = work();
    const failing = turns.take('a', first.run);
    const next = turns.take('a', async (turn) => turn);
    first.fail(new Error('down'));
    await expect(failing).rejects.toThrow('down');
    expect(await next).toBe('waited');
  });

  it('work that never ends is waited for no longer than patience lasts, and once', async () => {
    const turns = new Turns();
    const stuck = work();
    const first = turns.take('a', stuck.run);
    await stuck.began;
    expect(await turns.take('a', async (turn) => turn, 1)).toBe('impatient');
    expect(await turns.take('a', async (turn) => turn)).toBe('free');
    stuck.finish();
    expect(await first).toBe('free');
  });

  it('takes objects as keys', async () => {
    const turns = new Turns<object>();
    const [one, other] = [{}, {}];
    const first = work();
    const held = turns.take(one, first.run);
    expect(await turns.take(other, async (turn) => turn)).toBe('free');
    first.finish();
    await held;
  });
});
