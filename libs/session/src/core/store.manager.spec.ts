import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { MemorySessionStore } from '../stores/memory/memory.store.js';
import { tiered } from '../stores/wrappers/tiered.store.js';
import { FaultySessionStore, type Verb } from '../testing/faulty.store.js';
import { ManualClock } from '../testing/manual-clock.js';
import {
  InvalidFieldNameError,
  SessionDestroyedError,
  SessionStoreTimeoutError,
  SessionTooLargeError,
} from './errors.js';
import { type SessionEvent, SessionEvents } from './events.js';
import type { SessionPolicy } from './policy.js';
import { META } from './record.js';
import { Session, type SessionData } from './session.js';
import { StoreManager } from './store.manager.js';

const NOW = 1_800_000_000_000;
const MINUTE = 60_000;

const POLICY: SessionPolicy = {
  name: 'session',
  keys: [],
  limits: { idle: 30 * MINUTE, absolute: 720 * MINUTE },
  remember: { idle: 43_200 * MINUTE, absolute: 129_600 * MINUTE },
  touchInterval: MINUTE,
  storeTimeout: 1_000,
  requestBudget: 2_000,
  onStoreError: 'fail',
  maxSessionSize: 1_000,
};

function given(policy: Partial<SessionPolicy> = {}) {
  const memory = new MemorySessionStore();
  const faults = new FaultySessionStore(memory);
  const clock = new ManualClock(NOW);
  const events: SessionEvent[] = [];
  const listeners = new SessionEvents();
  listeners.subscribe((event) => events.push(event));
  const manager = new StoreManager(faults.store, { ...POLICY, ...policy }, clock, listeners);
  let token: string | undefined;

  /** One request with the cookie of the one before. */
  const request = async <T>(handler: (session: Session<SessionData>) => T | Promise<T>): Promise<T> => {
    const draft = await manager.open(token === undefined ? [] : [token]);
    const result = await handler(new Session(draft, manager));
    await manager.commit(draft);
    if (draft.cookie?.kind === 'issue') token = draft.cookie.text;
    return result;
  };
  /** After a deploy with other keys: same store, same clock. */
  const keyedWith = (...keys: string[]) =>
    new StoreManager(faults.store, { ...POLICY, ...policy, keys }, clock, listeners);
  return { clock, events, faults, keyedWith, manager, memory, request, token: () => token! };
}

describe('maxSessionSize', () => {
  it('B-54 a value that is too large alone is refused when it is set', async () => {
    const { request } = given();
    await request((session) => {
      expect(() => session.set('a', 'x'.repeat(1_000))).toThrow(SessionTooLargeError);
      expect(session.has('a')).toBe(false);
    });
  });

  it('B-54 values that are too large together are refused at commit, and what was stored stays', async () => {
    const { request } = given();
    await request((session) => session.set('a', 'old'));
    await expect(request((session) => session.set('a', 'x'.repeat(600)).set('b', 'x'.repeat(600)))).rejects.toThrow(
      SessionTooLargeError,
    );
    expect(await request((session) => session.entries())).toEqual([['a', 'old']]);
  });

  // set() takes back what it refuses by delete(), which stages the removal of the value that is stored.
  it('B-54 a value that is refused leaves the stored one as it is', async () => {
    const { request } = given();
    await request((session) => session.set('a', 'old'));
    await request((session) => {
      expect(() => session.set('a', 'x'.repeat(1_000))).toThrow(SessionTooLargeError);
      expect(session.get('a')).toBe('old');
    });
    expect(await request((session) => session.get('a'))).toBe('old');
  });

  // checkSize() looks at the fields alone; messages go to meta, and pile up as long as nobody reads them.
  it.each<[string, (session: Session<SessionData>, name: string) => Promise<unknown>]>([
    ['update()', (session, name) => session.update(name, () => 'x'.repeat(400))],
    ['save()', (session, name) => session.set(name, 'x'.repeat(400)).save()],
    ['login(), update() and', (session, name) => (session.login('ada'), session.update(name, () => 'x'.repeat(400)))],
  ])('B-54 D-3 %s one after the other in one request are counted together', async (_how, write) => {
    const { memory, request, token } = given();
    await request((session) => session.set('a', 1));
    await request(async (session) => {
      await write(session, 'b');
      await write(session, 'c');
      await expect(write(session, 'd')).rejects.toThrow(SessionTooLargeError);
      session.delete('d');
    });
    expect([...(await memory.read(token().slice(0, 24), NOW))!.fields.keys()]).toEqual(['a', 'b', 'c']);
  });

  it('D-3 B-54 flash messages count too', async () => {
    const { memory, request, token } = given();
    const flash = () => request((session) => session.flash('error', 'x'.repeat(900)));
    let refused = 0;
    for (let round = 0; round < 100; round++) await flash().catch(() => refused++);
    const record = await memory.read(token().slice(0, 24), NOW);
    const size = [...record!.meta.values()].reduce((sum, text) => sum + text.length, 0);
    expect(refused).toBeGreaterThan(0);
    expect(size).toBeLessThan(2_000);
  });
});

describe('update()', () => {
  it('B-29 sees what was stored, and stores at once', async () => {
    const { request } = given();
    await request((session) => session.set('count', 1));
    expect(await request((session) => session.update('count', (count) => Number(count) + 1))).toBe(2);
    expect(await request((session) => session.get('count'))).toBe(2);
  });

  // FieldUpdate sends the name as it is: Postgres then answers with an error, which becomes a 503.
  it.each(['a\0b', '\ud800'])('B-51 refuses the name %j as set() does', async (name) => {
    const { request } = given();
    await request((session) => session.set('a', 1));
    await request((session) => expect(session.update(name, () => 1)).rejects.toThrow(InvalidFieldNameError));
  });

  // The turn is waited for without a deadline, and outside of the budget.
  it('I18 D-17 waits for its turn no longer than its budget', async () => {
    const { request } = given({ storeTimeout: 20, requestBudget: 20 });
    await request((session) => session.set('a', 1));
    const release = hold();
    const first = request((session) => session.update('a', () => release.promise.then(() => 2)));
    await sleep(5);
    const second = request((session) => session.update('a', () => 3)).then(
      () => 'done',
      (error: unknown) => error,
    );
    const outcome = await Promise.race([second, sleep(50).then(() => 'still waiting')]);
    release.resolve();
    await Promise.allSettled([first, second]);
    expect(outcome).toBeInstanceOf(SessionStoreTimeoutError);
  });

  it('D-17 in the function of another, which it would wait for, says what is wrong', async () => {
    const { request } = given({ storeTimeout: 20, requestBudget: 20 });
    await request((session) => session.set('a', 1));
    const nested = request((session) => session.update('a', () => session.update('b', () => 2)));
    // The turn is waited for by a timer that keeps no process alive.
    const [outcome] = await Promise.allSettled([nested, sleep(40)]);
    expect(outcome).toMatchObject({ reason: { name: 'SessionStoreTimeoutError' } });
    expect(String((outcome as PromiseRejectedResult).reason)).toContain('Another session.update() of this session');
  });

  // The draft's record keeps the end that it was loaded with, so the touch seems to be due still.
  it('B-20 extends the life of the session, so that no touch is needed after it', async () => {
    const { clock, faults, request } = given();
    await request((session) => session.set('a', 1));
    clock.advance(5 * MINUTE);
    faults.reset();
    await request((session) => session.update('a', (value) => Number(value) + 1));
    expect(faults.calls).toMatchObject({ read: 1, update: 1, touch: 0 });
  });
});

describe('a logout while a login is being stored', () => {
  // The login that finds its session rotated stores a new one: an orphan, whose cookie is cleared at once.
  it('B-34 starts nothing where somebody else’s rotation has overtaken the login', async () => {
    const { events, faults, request } = given();
    await request((session) => session.set('a', 1));
    await request(async (slow) => {
      await request((session) => session.regenerate());
      const held = faults.hold('update');
      slow.login('ada');
      const saved = slow.save();
      await held.reached;
      slow.logout();
      faults.reset();
      held.release();
      await saved;
    });
    expect(events.map(({ type }) => type)).toEqual(['created', 'regenerated', 'ended']);
  });
});

describe('a token under a key that is on its way out', () => {
  const [OLD, NEW] = ['the old key, thirty-two bytes at least', 'a new key for the tokens, just as long'];

  it('B-10 is signed anew where nothing is saved, and the store is asked once', async () => {
    const { faults, keyedWith, request, token } = given({ keys: [OLD] });
    await request((session) => session.set('a', 1));
    const before = token();
    const manager = keyedWith(NEW, OLD);
    faults.reset();
    const draft = await manager.open([before]);
    await manager.commit(draft);
    await manager.commit(draft);
    expect(draft.cookie).toMatchObject({ kind: 'issue', text: expect.stringMatching(`^${before.slice(0, 56)}`) });
    expect(faults.calls).toMatchObject({ read: 1, touch: 1, update: 0 });
  });

  // Sent again by a slow answer, it would take the place of the cookie that the login has set.
  it.each<[string, (session: Session<SessionData>) => void]>([
    ['login', (session) => session.login('ada')],
    ['logout', (session) => session.logout()],
  ])('B-10 is not sent again once a %s has overtaken the request', async (_what, act) => {
    const { keyedWith, request, token } = given({ keys: [OLD] });
    await request((session) => session.set('a', 1));
    const manager = keyedWith(NEW, OLD);
    const slow = await manager.open([token()]);
    const fast = await manager.open([token()]);
    act(new Session(fast, manager));
    await manager.commit(fast);
    await manager.commit(slow);
    expect(slow.cookie).toBeUndefined();
  });

  it('B-10 an outage at that moment is no failure, and the token stays as it is', async () => {
    const { faults, keyedWith, request, token } = given({ keys: [OLD] });
    await request((session) => session.set('a', 1));
    const manager = keyedWith(NEW, OLD);
    const draft = await manager.open([token()]);
    faults.fault = () => Promise.reject(new Error('down'));
    await manager.commit(draft);
    expect(draft).toMatchObject({ cookie: undefined, outdated: true });
  });
});

describe('several tokens', () => {
  it('B-9 a wrong secret after one that was retired is unknown', async () => {
    const { events, manager, request, token } = given();
    await request((session) => session.set('a', 1));
    const retired = token();
    await request((session) => session.regenerate());
    const wrong = retired.slice(0, 24) + 'u'.repeat(32);
    events.length = 0;
    await manager.open([retired, wrong]);
    expect(events.filter(({ type }) => type === 'rejected').map(({ reason }) => reason)).toEqual([
      'retired',
      'unknown',
    ]);
  });
});

describe('a session that was stored and has ended in the same request', () => {
  it.each<[string, (session: Session<SessionData>) => void]>([
    ['logout', (session) => session.logout()],
    ['destroy', (session) => session.destroy()],
  ])('B-31 by %s gives nobody a cookie', async (_how, end) => {
    const { memory, request, token } = given();
    await request(async (session) => {
      await session.set('a', 1).save();
      end(session);
    });
    expect(token()).toBeUndefined();
    expect(memory.size).toBe(0);
  });
});

describe('what is under way when the request ends its session', () => {
  type Work = (session: Session<SessionData>) => Promise<unknown>;
  const UNDER_WAY: [what: string, verb: Verb, work: Work][] = [
    ['touch()', 'touch', (session) => session.touch()],
    ['save() of nothing, with a touch due', 'touch', (session) => session.save()],
    ['save()', 'update', (session) => session.set('count', 1).save()],
    ['reload()', 'read', (session) => session.reload()],
    ['update()', 'update', (session) => session.update('cart', (cart) => [...(cart as string[]), 'milk'])],
  ];

  async function endDuring(verb: Verb, work: Work, end: (session: Session<SessionData>) => void) {
    const { clock, faults, request } = given();
    await request((session) => {
      session.login('ada');
      session.set('cart', ['tea']);
    });
    clock.advance(2 * MINUTE);
    const seen = await request(async (session) => {
      const held = faults.hold(verb);
      const working = work(session);
      await held.reached;
      end(session);
      held.release();
      await working;
      const { userId } = session;
      const data = Object.fromEntries(session.entries());
      session.set('fresh', 1);
      return { userId, data };
    });
    const kept = await request((session) => ({ userId: session.userId, data: Object.fromEntries(session.entries()) }));
    return { seen, kept };
  }

  it.each(UNDER_WAY)('B-34 a logout during %s leaves nothing of it', async (_what, verb, work) => {
    const { kept, seen } = await endDuring(verb, work, (session) => session.logout());
    expect(seen).toEqual({ userId: undefined, data: {} });
    expect(kept).toEqual({ userId: undefined, data: { fresh: 1 } });
  });

  it.each(UNDER_WAY)('a login of another user during %s keeps nothing of it', async (_what, verb, work) => {
    const { kept, seen } = await endDuring(verb, work, (session) => session.login('bob'));
    expect(seen).toEqual({ userId: 'bob', data: {} });
    expect(kept).toEqual({ userId: 'bob', data: { fresh: 1 } });
  });

  it('B-34 a logout that overtakes the begin of an update() leaves nothing of it either', async () => {
    const { request } = given();
    await request((session) => session.set('cart', ['tea']));
    const was = await request(async (session) => {
      const updating = session.update('cart', (cart) => cart);
      session.logout();
      session.set('fresh', 1);
      return updating;
    });
    expect(was).toEqual(['tea']);
    expect(await request((session) => session.entries())).toEqual([['fresh', 1]]);
  });

  it('B-34 a logout during the update() of a session that is not stored yet leaves nothing of it', async () => {
    const { request } = given();
    await request(async (session) => {
      session.set('cart', ['tea']);
      const release = hold();
      const updating = session.update('cart', async (cart) => {
        await release.promise;
        return cart;
      });
      session.destroy();
      release.resolve();
      await updating;
      expect(() => session.get('cart')).toThrow(SessionDestroyedError);
      session.set('fresh', 1);
    });
    expect(await request((session) => session.entries())).toEqual([['fresh', 1]]);
  });
});

describe('a damaged record', () => {
  it('C-38 a field that cannot be decoded reads as absent, and is told', async () => {
    const { events, memory, request, token } = given();
    await request((session) => session.set('a', 1).set('b', 2));
    const damage = { fields: new Map([['a', '{damaged']]), expect: {} };
    expect(await memory.update(token().slice(0, 24), damage, NOW)).toBe('ok');
    expect(await request((session) => [session.get('a'), session.get('b')])).toEqual([undefined, 2]);
    expect(events.filter(({ type }) => type === 'corrupt')).toMatchObject([{ reason: 'a' }]);
  });

  // JSON.parse of the retired secrets is not guarded: every request with an old cookie becomes a 500.
  it('C-38 retired secrets that cannot be decoded are none', async () => {
    const { memory, request, token } = given();
    await request((session) => session.set('a', 1));
    const id = token().slice(0, 24);
    const { absoluteExpiresAt, expiresAt } = (await memory.read(id, NOW))!;
    const rotate = {
      secretHash: 'x'.repeat(43),
      generation: 1,
      userId: undefined,
      authenticatedAt: undefined,
      expiresAt,
      absoluteExpiresAt,
    };
    const meta = new Map([[META.retired, '{damaged']]);
    expect(await memory.update(id, { meta, rotate, expect: {} }, NOW)).toBe('ok');
    expect(await request((session) => session.isNew)).toBe(true);
  });
});

describe('a store that may give an old copy', () => {
  /** Two processes, each with a cache of its own that is not told what the other does. */
  function givenTwo() {
    const clock = new ManualClock(NOW);
    const main = new MemorySessionStore();
    const newProcess = () => {
      const store = tiered(new MemorySessionStore(), main);
      const manager = new StoreManager(store, POLICY, clock, new SessionEvents());
      return async <T>(token: string | undefined, handler: (session: Session<SessionData>) => T) => {
        const draft = await manager.open([token]);
        const result = await handler(new Session(draft, manager));
        await manager.commit(draft);
        return { result, token: draft.cookie?.kind === 'issue' ? draft.cookie.text : token };
      };
    };
    return [newProcess(), newProcess()] as const;
  }

  it('I12 opens by the token of a login that the copy does not know of', async () => {
    const [here, there] = givenTwo();
    const { token } = await here(undefined, (session) => void session.set('a', 1));
    await there(token, (session) => session.get('a'));
    const login = await here(token, (session) => session.login('ann'));
    const userOf = (session: Session<SessionData>) => session.userId;
    expect((await there(token, userOf)).result).toBeUndefined();
    expect((await there(login.token, userOf)).result).toBe('ann');
    expect((await there(token, userOf)).result).toBeUndefined();
  });
});

/** A promise to be kept from outside. */
function hold(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((settle) => (resolve = settle));
  return { promise, resolve };
}
