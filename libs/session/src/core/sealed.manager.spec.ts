import { describe, expect, it } from '@jest/globals';
import { CookieSessionStore } from '../stores/cookie/cookie.store.js';
import { MemorySessionStore } from '../stores/memory/memory.store.js';
import { FaultySessionStore } from '../testing/faulty.store.js';
import { ManualClock } from '../testing/manual-clock.js';
import type { Draft } from './draft.js';
import {
  SessionCommittedError,
  SessionConfigError,
  SessionConflictError,
  SessionStoreUnavailableError,
  SessionTooLargeError,
  UnsupportedBySessionStoreError,
} from './errors.js';
import { type SessionEvent, SessionEvents } from './events.js';
import type { SessionPolicy } from './policy.js';
import type { SealedBackend } from './sealed.js';
import { SealedManager } from './sealed.manager.js';
import { Session, type SessionData } from './session.js';
import type { SessionStore } from './store.js';

const NOW = 1_800_000_000_000;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const POLICY: SessionPolicy = {
  name: 'session',
  keys: ['correct horse battery staple, thirty-two bytes'],
  limits: { idle: 30 * MINUTE, absolute: 12 * HOUR },
  remember: { idle: 30 * DAY, absolute: 90 * DAY },
  touchInterval: MINUTE,
  storeTimeout: 1_000,
  requestBudget: 2_000,
  onStoreError: 'fail',
  maxSessionSize: 65_536,
};

type Handler<T> = (session: Session<SessionData>, draft: Draft) => T | Promise<T>;

/** A request whose session is loaded, and whose answer is still to come. */
interface Begun {
  readonly session: Session<SessionData>;
  readonly draft: Draft;
  end(): Promise<void>;
}

/** What a browser does: it presents its cookie, and keeps the one it is given. */
class Browser {
  cookie: string | undefined;

  constructor(private readonly manager: SealedManager) {}

  copy(): Browser {
    const copy = new Browser(this.manager);
    copy.cookie = this.cookie;
    return copy;
  }

  async begin(): Promise<Begun> {
    const draft = await this.manager.open(this.cookie === undefined ? [] : [this.cookie]);
    const session = new Session(draft, this.manager);
    const end = async (): Promise<void> => {
      await this.manager.commit(draft);
      if (draft.cookie) this.cookie = draft.cookie.kind === 'issue' ? draft.cookie.text : undefined;
    };
    return { session, draft, end };
  }

  async request<T>(handler: Handler<T>): Promise<T> {
    const { draft, end, session } = await this.begin();
    const result = await handler(session, draft);
    await end();
    return result;
  }

  sees(): Promise<{ userId: string | undefined; data: SessionData; isNew: boolean }> {
    return this.request((session) => ({
      userId: session.userId,
      data: Object.fromEntries(session.entries()),
      isNew: session.isNew,
    }));
  }
}

const NOBODY = { userId: undefined, data: {}, isNew: true };

interface Given {
  policy?: Partial<SessionPolicy>;
  list?: SessionStore | undefined;
  clock?: ManualClock;
}

function given({ clock = new ManualClock(NOW), list = new MemorySessionStore(), policy }: Given = {}) {
  const revocations = new FaultySessionStore(list);
  return { revocations, ...managed(new CookieSessionStore({ revocations: revocations.store }), clock, policy) };
}

function givenNoList(policy?: Partial<SessionPolicy>, clock = new ManualClock(NOW)) {
  return managed(new CookieSessionStore({ acceptReplayFor: '90d' }), clock, policy);
}

function managed(backend: SealedBackend, clock: ManualClock, policy?: Partial<SessionPolicy>) {
  const events: SessionEvent[] = [];
  const listeners = new SessionEvents();
  listeners.subscribe((event) => events.push(event));
  const manager = new SealedManager(backend, { ...POLICY, ...policy }, clock, listeners);
  const told = (type: SessionEvent['type']) => events.filter((event) => event.type === type);
  return { clock, events, told, manager, browser: new Browser(manager) };
}

describe('a sealed session', () => {
  it('I15 costs a stranger nothing: no promise, no call, no seal', () => {
    const { manager, revocations } = given();
    const draft = manager.open([]);
    expect(draft).not.toBeInstanceOf(Promise);
    expect(manager.commit(draft as Draft)).toBeUndefined();
    expect((draft as Draft).cookie).toBeUndefined();
    expect(revocations.total).toBe(0);
  });

  it.each([[undefined], [7], [['a', 'b']], [{}], [''], ['A'.repeat(56)], ['AAAA.'.repeat(30)], ['é'.repeat(100)]])(
    'B-6 C-18 D-10 %j is nobody, without a call',
    async (text) => {
      const { manager, revocations, told } = given();
      const draft = await manager.open([text]);
      expect(draft.record).toBeUndefined();
      expect(told('rejected')).toHaveLength(1);
      expect(revocations.total).toBe(0);
    },
  );

  it('without a list of revocations is opened and sealed without a promise', async () => {
    const { browser, manager } = givenNoList();
    await browser.request((session) => void session.set('cart', ['tea']));
    const draft = manager.open([browser.cookie]) as Draft;
    expect(draft.fields.get('cart')).toEqual(['tea']);
    draft.fields.set('cart', []);
    expect(manager.commit(draft)).toBeUndefined();
    expect(draft.cookie).toMatchObject({ kind: 'issue' });
  });

  it('with one costs a read for each request, and another for each that writes', async () => {
    const { browser, revocations } = given();
    await browser.request((session) => void session.set('a', 1));
    expect(revocations.total).toBe(0);
    await browser.sees();
    expect(revocations.calls).toMatchObject({ read: 1 });
    await browser.request((session) => void session.set('a', 2));
    expect(revocations.calls).toEqual({ create: 0, read: 3, update: 0, touch: 0, delete: 0 });
  });

  it('has the id that was asked for before it was first sealed', async () => {
    const { browser, told } = givenNoList();
    const id = await browser.request((session) => session.set('a', 1).id);
    expect(await browser.request((session) => session.id)).toBe(id);
    expect(told('created')).toEqual([expect.objectContaining({ id })]);
  });

  it('is sealed anew when something changed, nested changes too, and otherwise left alone', async () => {
    const { browser, told } = givenNoList();
    await browser.request((session) => void session.set('cart', ['tea']).set('visits', 1));
    const first = browser.cookie;
    await browser.request((session) => session.get('cart'));
    await browser.request((session) => void session.set('visits', 1));
    expect(browser.cookie).toBe(first);
    await browser.request((session) => (session.get('cart') as string[]).push('milk'));
    expect(browser.cookie).not.toBe(first);
    expect((await browser.sees()).data).toEqual({ cart: ['tea', 'milk'], visits: 1 });
    expect(told('saved')).toHaveLength(1);
  });

  it('keeps messages until they are read', async () => {
    const { browser } = givenNoList();
    await browser.request((session) => session.flash('notice', 'hello'));
    expect(await browser.request((session) => session.flashes('notice'))).toEqual(['hello']);
    expect(await browser.request((session) => session.flashes('notice'))).toEqual([]);
  });

  it('B-29 update() loses none of this request, and says what it made', async () => {
    const { browser } = givenNoList();
    const increment = (session: Session<SessionData>) =>
      session.update('count', (count) => ((count as number) ?? 0) + 1);
    await browser.request((session) => Promise.all([increment(session), increment(session)]));
    expect(await browser.request(increment)).toBe(3);
    expect((await browser.sees()).data).toEqual({ count: 3 });
  });

  it('B-18 takes no change once the first byte is out, however it is made', async () => {
    const { browser } = given();
    await browser.request((session) => void session.set('cart', ['tea']));
    const { draft, session } = await browser.begin();
    const slow = session.update('count', async () => {
      draft.sealed = true;
      return 1;
    });
    await expect(slow).rejects.toThrow(SessionCommittedError);
    await expect(session.update('count', () => 1)).rejects.toThrow(SessionCommittedError);
    await session.save();
    (session.get('cart') as string[]).push('milk');
    await expect(session.save()).rejects.toThrow(SessionCommittedError);
    expect(draft.cookie).toBeUndefined();
  });

  it('a commit that waits for its turn while the first byte leaves is not too late', async () => {
    const { browser, manager, revocations } = given();
    await browser.request((session) => void session.set('a', 1));
    const { draft, session } = await browser.begin();
    session.set('a', 2);
    const held = revocations.hold('read');
    const first = session.save();
    await held.reached;
    session.set('b', 3);
    const last = manager.commit(draft);
    draft.sealed = true;
    held.release();
    await Promise.all([first, last]);
    browser.cookie = (draft.cookie as { text: string }).text;
    expect((await browser.sees()).data).toEqual({ a: 2, b: 3 });
  });

  it('reload() forgets what was changed, and finds out what ended meanwhile', async () => {
    const { browser } = given();
    await browser.request((session) => void session.set('a', 1));
    const { session } = await browser.begin();
    session.set('a', 2);
    await session.reload();
    expect(session.get('a')).toBe(1);
    await browser.copy().request((other) => other.logout());
    await session.reload();
    expect(session.isNew).toBe(true);
  });

  it('B-54 R-30 that is too large is refused, and the one before stays good', async () => {
    const { browser } = given();
    await browser.request((session) => void session.set('a', 'old'));
    const { draft, end, session } = await browser.begin();
    session.set('a', 'x'.repeat(4_000));
    await expect(end()).rejects.toThrow(SessionTooLargeError);
    expect(draft).toMatchObject({ failed: true, cookie: undefined });
    expect((await browser.sees()).data).toEqual({ a: 'old' });
  });

  it('a login that does not fit leaves the token before it good', async () => {
    const { browser, revocations } = given();
    await browser.request((session) => void session.set('a', 'old'));
    const { end, session } = await browser.begin();
    session.set('a', 'x'.repeat(4_000)).login('ada');
    await expect(end()).rejects.toThrow(SessionTooLargeError);
    expect(revocations.calls).toMatchObject({ create: 0, update: 0 });
    expect(await browser.sees()).toMatchObject({ data: { a: 'old' }, userId: undefined });
  });

  it('DESIGN 2.4 an answer of 500 drops what was changed', async () => {
    const { browser, manager } = givenNoList();
    await browser.request((session) => void session.set('a', 1));
    const { draft, session } = await browser.begin();
    session.set('a', 2).login('ada');
    draft.rollback();
    expect(manager.commit(draft)).toBeUndefined();
    expect(draft.cookie).toBeUndefined();
  });

  it('R-35 C-16 of several the first good one is taken, however many forged ones come first, and it is told', async () => {
    const { browser, manager, told } = givenNoList();
    await browser.request((session) => void session.set('a', 1));
    const good = browser.cookie;
    const forged = `${good!.slice(0, -1)}${good!.endsWith('A') ? 'B' : 'A'}`;
    expect((await manager.open([forged, good, good])).record).toBeDefined();
    expect(told('duplicate')).toHaveLength(1);
    expect((await manager.open([...Array<string>(20).fill(forged), good])).record).toBeDefined();
  });

  it('C-14 that a backend takes for ours, but is another one’s, is nobody', async () => {
    const backend = new CookieSessionStore({ acceptReplayFor: '90d' });
    const { manager, browser } = managed(backend, new ManualClock(NOW));
    await browser.request((session) => void session.set('a', 1));
    const careless: SealedBackend = {
      guarantees: backend.guarantees,
      prepare() {},
      open: (text) => backend.open(text),
      seal: (record) => backend.seal(record),
    };
    const other = managed(careless, new ManualClock(NOW), { name: 'admin' });
    expect((await other.manager.open([browser.cookie])).record).toBeUndefined();
    expect((await manager.open([browser.cookie])).record).toBeDefined();
  });
});

describe('the end of a sealed session', () => {
  it('C-5 R-16 is final for every copy where revocations are kept', async () => {
    const { browser, revocations, told } = given();
    await browser.request((session) => session.login('ada'));
    const thief = browser.copy();
    revocations.reset();
    await browser.request((session) => session.logout());
    expect(browser.cookie).toBeUndefined();
    expect(revocations.calls).toMatchObject({ create: 1, update: 0 });
    expect(await thief.sees()).toEqual(NOBODY);
    expect(told('ended')).toEqual([expect.objectContaining({ userId: 'ada', reason: 'logout' })]);
  });

  it('C-5 R-16 takes the cookie away and no more where a replay was accepted', async () => {
    const { browser } = givenNoList();
    await browser.request((session) => session.login('ada'));
    const thief = browser.copy();
    await browser.request((session) => session.logout());
    expect(browser.cookie).toBeUndefined();
    expect((await thief.sees()).userId).toBe('ada');
  });

  it('B-32 C-1 is not undone by what was under way', async () => {
    const { browser, clock, told } = given();
    await browser.request((session) => void session.set('cart', ['tea']));
    const tabs = [browser.copy(), browser.copy(), browser.copy(), browser.copy()];
    clock.advance(5 * MINUTE);
    const [write, touch, regenerate, logout] = await Promise.all(tabs.map((tab) => tab.begin()));
    await browser.request((session) => session.logout());
    write!.session.set('late', 1);
    regenerate!.session.regenerate();
    logout!.session.logout();
    await expect(write!.end()).rejects.toThrow(SessionConflictError);
    await expect(regenerate!.end()).rejects.toThrow(SessionConflictError);
    await touch!.end();
    await logout!.end();
    expect([write, touch, regenerate].map((late) => late!.draft.cookie)).toEqual([undefined, undefined, undefined]);
    expect(told('conflict').map(({ reason }) => reason)).toEqual(['gone', 'gone']);
    for (const tab of tabs) expect(await tab.sees()).toEqual(NOBODY);
  });

  it('B-34 then a write starts another one', async () => {
    const { browser } = given();
    const before = await browser.request((session) => session.set('a', 1).id);
    await browser.request((session) => {
      session.logout();
      session.set('b', 2);
    });
    expect((await browser.sees()).data).toEqual({ b: 2 });
    expect(await browser.request((session) => session.id)).not.toBe(before);
  });

  it('does not hand out the seal that a save() before it had made', async () => {
    const { browser } = givenNoList();
    await browser.request(async (session) => {
      session.login('ada');
      await session.save();
      session.logout();
    });
    expect(browser.cookie).toBeUndefined();
  });

  it('B-35 R-15 I21 fails with the store, keeps the cookie, and can be tried again', async () => {
    const { browser, revocations } = given();
    await browser.request((session) => session.login('ada'));
    const { draft, end, session } = await browser.begin();
    revocations.fault = () => {
      throw new Error('down');
    };
    session.logout();
    await expect(end()).rejects.toThrow(SessionStoreUnavailableError);
    expect(draft).toMatchObject({ failed: true, cookie: undefined });
    revocations.reset();
    expect((await browser.sees()).userId).toBe('ada');
    await end();
    expect(browser.cookie).toBeUndefined();
  });

  it('DESIGN 2.4 happens although what is written afterwards is too large', async () => {
    const { browser } = given();
    await browser.request((session) => session.login('ada'));
    const thief = browser.copy();
    const { draft, end, session } = await browser.begin();
    session.logout();
    session.set('a', 'x'.repeat(4_000));
    await expect(end()).rejects.toThrow(SessionTooLargeError);
    expect(draft.cookie).toEqual({ kind: 'clear' });
    expect(await thief.sees()).toEqual(NOBODY);
  });

  it('B-33 of nobody, or twice, does nothing', async () => {
    const { browser, revocations, told } = given();
    await browser.request((session) => session.logout());
    expect(revocations.total).toBe(0);
    await browser.request((session) => session.login('ada'));
    const { draft, end, session } = await browser.begin();
    session.logout();
    session.logout();
    await end();
    expect(draft.cookie).toEqual({ kind: 'clear' });
    expect(told('ended')).toHaveLength(1);
  });

  it('is remembered for as long as a copy could be good, and no longer', async () => {
    const { browser, clock, manager, revocations } = given();
    await browser.request((session) => session.login('ada'));
    const id = await browser.request((session) => session.id);
    clock.advance(HOUR / 2 - 1);
    await browser.request((session) => session.logout());
    clock.set(NOW + 12 * HOUR - 1);
    expect(await manager.sweep()).toBe(0);
    expect(await revocations.store.read(id, clock.now())).toBeDefined();
    clock.advance(1);
    expect(await manager.sweep()).toBe(1);
  });

  it('is never forgotten for want of room', async () => {
    const { browser } = given({ list: new MemorySessionStore({ maxSessions: 1 }) });
    const second = browser.copy();
    await browser.request((session) => session.set('a', 1));
    await second.request((session) => session.set('a', 1));
    const thief = browser.copy();
    await browser.request((session) => session.logout());
    await expect(second.request((session) => session.logout())).rejects.toThrow(SessionStoreUnavailableError);
    expect(await thief.sees()).toEqual(NOBODY);
  });
});

describe('a sealed session that changes hands', () => {
  it('C-7 R-9 the first login keeps id and data, and the token before it is dead', async () => {
    const { browser, clock } = given();
    const id = await browser.request((session) => session.set('cart', ['tea']).id);
    const planted = browser.copy();
    await browser.request((session) => session.login('ada'));
    expect(await browser.sees()).toEqual({ userId: 'ada', data: { cart: ['tea'] }, isNew: false });
    expect(await browser.request((session) => session.id)).toBe(id);
    expect(await planted.sees()).toEqual(NOBODY);
    clock.advance(30_000);
    expect(await planted.sees()).toEqual(NOBODY);
  });

  it('a token replaced less than 30 s ago reads nothing, writes nothing and is sent no cookie', async () => {
    const { browser, clock, told } = given();
    const id = await browser.request((session) => session.set('a', 1).id);
    const slow = browser.copy();
    await browser.request((session) => session.regenerate());
    clock.advance(29_999);
    await expect(slow.request((session) => session.set('b', 2))).rejects.toThrow(SessionConflictError);
    expect(told('rejected')).toEqual([expect.objectContaining({ id, reason: 'retired' })]);
    clock.advance(1);
    await slow.request((session) => session.set('b', 2));
    expect(await slow.request((session) => session.id)).not.toBe(id);
  });

  it('I13 where a replay was accepted, the token before a login still opens, and only what was there before', async () => {
    const { browser } = givenNoList();
    await browser.request((session) => void session.set('cart', ['tea']));
    const planted = browser.copy();
    await browser.request((session) => session.set('card', 'secret').login('ada'));
    expect(await planted.sees()).toEqual({ userId: undefined, data: { cart: ['tea'] }, isNew: false });
  });

  it('another user gets another id and none of the data, and the session before ends', async () => {
    const { browser, told } = given();
    await browser.request((session) => session.set('cart', ['tea']).login('ada'));
    const before = browser.copy();
    const id = await browser.request((session) => session.id);
    await browser.request((session) => session.login('bob'));
    expect(await browser.sees()).toEqual({ userId: 'bob', data: {}, isNew: false });
    expect(await browser.request((session) => session.id)).not.toBe(id);
    expect(await before.sees()).toEqual(NOBODY);
    expect(told('ended')).toEqual([expect.objectContaining({ id, reason: 'another-user' })]);
  });

  it('B-39 I12 of several that regenerate at once one does', async () => {
    const { browser, told } = given();
    await browser.request((session) => void session.set('a', 1));
    const tabs = await Promise.all([1, 2, 3].map(() => browser.copy().begin()));
    const ended = await Promise.allSettled(
      tabs.map(({ end, session }) => {
        session.regenerate();
        return end();
      }),
    );
    expect(ended.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected', 'rejected']);
    expect(told('conflict').map(({ reason }) => reason)).toEqual(['changed', 'changed']);
  });

  it('B-38 can do so again and again', async () => {
    const { browser, told } = given();
    await browser.request((session) => void session.set('a', 1));
    const copies: Browser[] = [];
    for (let round = 0; round < 4; round++) {
      copies.push(browser.copy());
      await browser.request((session) => session.regenerate());
    }
    for (const copy of copies) expect(await copy.sees()).toEqual(NOBODY);
    expect((await browser.sees()).data).toEqual({ a: 1 });
    expect(told('regenerated')).toHaveLength(4);
  });

  it('what was written to the one before is refused', async () => {
    const { browser } = given();
    await browser.request((session) => void session.set('a', 1));
    const { draft, end, session } = await browser.copy().begin();
    await browser.request((other) => other.regenerate());
    session.set('a', 2);
    await expect(end()).rejects.toThrow(expect.objectContaining({ reason: 'changed' }));
    expect(draft.cookie).toBeUndefined();
  });

  it('a login that somebody else’s rotation has overtaken starts a session of its own from what it loaded', async () => {
    const { browser } = given();
    const id = await browser.request((session) => session.set('cart', ['tea']).id);
    const tab = browser.copy();
    const { end, session } = await tab.begin();
    await browser.request((other) => other.regenerate());
    session.set('seen', true).login('ada');
    await end();
    expect(await tab.sees()).toEqual({ userId: 'ada', data: { cart: ['tea'], seen: true }, isNew: false });
    expect(await tab.request((own) => own.id)).not.toBe(id);
    expect((await browser.sees()).userId).toBeUndefined();
  });

  it('a login into one that ended meanwhile brings nothing of it back', async () => {
    const { browser } = given();
    await browser.request((session) => void session.set('cart', ['tea']));
    const tab = browser.copy();
    const { end, session } = await tab.begin();
    await browser.request((other) => other.logout());
    session.set('seen', true).login('ada');
    await end();
    expect(await tab.sees()).toEqual({ userId: 'ada', data: { seen: true }, isNew: false });
  });

  it('a remembered token stays dead although a shorter life came after it', async () => {
    const { browser, clock } = given();
    await browser.request((session) => session.login('ada', { remember: true }));
    const remembered = browser.copy();
    await browser.request((session) => session.login('ada'));
    clock.advance(MINUTE);
    await browser.request((session) => session.logout());
    clock.advance(2 * DAY);
    expect(await remembered.sees()).toEqual(NOBODY);
  });

  it('a login fails while the list cannot be written, and nothing has happened', async () => {
    const { browser, revocations } = given();
    await browser.request((session) => void session.set('a', 1));
    const { draft, end, session } = await browser.begin();
    revocations.fault = (verb) => {
      if (verb === 'create') throw new Error('down');
    };
    session.login('ada');
    await expect(end()).rejects.toThrow(SessionStoreUnavailableError);
    expect(draft.cookie).toBeUndefined();
    expect(await browser.sees()).toMatchObject({ userId: undefined, data: { a: 1 } });
  });
});

describe('what is staged while the revocations are asked', () => {
  it('a logout ends the login under way, and none of its seals goes out', async () => {
    const { browser, revocations, told } = given();
    await browser.request((session) => void session.set('cart', ['tea']));
    const planted = browser.copy();
    const { draft, end, session } = await browser.begin();
    const held = revocations.hold('create');
    session.login('ada');
    const saved = session.save();
    await held.reached;
    session.logout();
    revocations.reset();
    held.release();
    await saved;
    expect(draft.cookie).toBeUndefined();
    await end();
    expect(browser.cookie).toBeUndefined();
    expect(await planted.sees()).toEqual(NOBODY);
    expect(told('login')).toEqual([]);
  });

  it.each<[string, (session: Session<SessionData>) => Promise<unknown>]>([
    ['reload()', (session) => session.reload()],
    ['update()', (session) => session.update('cart', (cart) => cart)],
  ])('a logout during %s leaves nothing to what comes after it', async (_what, work) => {
    const { browser } = given();
    await browser.request((session) => void session.set('cart', ['tea']));
    await browser.request(async (session) => {
      const working = work(session);
      session.logout();
      await working;
      session.set('fresh', 1);
    });
    expect((await browser.sees()).data).toEqual({ fresh: 1 });
  });

  it('a logout ends one that somebody else’s rotation has overtaken, too, and starts nothing', async () => {
    const { browser, revocations, told } = given();
    await browser.request((session) => void session.set('cart', ['tea']));
    const { draft, end, session } = await browser.copy().begin();
    await browser.request((other) => other.regenerate());
    const held = revocations.hold('create');
    session.login('ada');
    const saved = session.save();
    await held.reached;
    session.logout();
    revocations.reset();
    held.release();
    await saved;
    await end();
    expect(draft.cookie).toEqual({ kind: 'clear' });
    expect(told('created')).toHaveLength(1);
    expect(await browser.sees()).toEqual(NOBODY);
  });

  it('I1 a write is in the next seal', async () => {
    const { browser, revocations } = given();
    await browser.request((session) => void session.set('a', 1));
    const { end, session } = await browser.begin();
    const held = revocations.hold('create');
    session.regenerate();
    const saved = session.save();
    await held.reached;
    session.set('b', 2).flash('notice', 'hello');
    session.login('ada');
    revocations.reset();
    held.release();
    await saved;
    await end();
    expect(await browser.sees()).toEqual({ userId: 'ada', data: { a: 1, b: 2 }, isNew: false });
    expect(await browser.request((after) => after.flashes('notice'))).toEqual(['hello']);
  });
});

describe('C-6 the life of a sealed session', () => {
  const LIMITS = [
    ['ordinary', false, 30 * MINUTE, 12 * HOUR],
    ['remembered', true, 30 * DAY, 90 * DAY],
  ] as const;

  describe.each(LIMITS)('%s', (_kind, remember, idle, absolute) => {
    const login = async () => {
      const test = givenNoList();
      await test.browser.request((session) => session.login('ada', { remember }));
      return test;
    };

    it('B-43 B-45 ends when nobody comes, to the millisecond', async () => {
      const { browser, clock } = await login();
      clock.advance(idle - 1);
      expect((await browser.copy().sees()).userId).toBe('ada');
      clock.advance(1);
      expect(await browser.sees()).toEqual(NOBODY);
    });

    it('is extended by use', async () => {
      const { browser, clock } = await login();
      clock.advance(idle - 1);
      await browser.sees();
      clock.advance(idle - 1);
      expect((await browser.sees()).userId).toBe('ada');
    });

    it('R-12 B-44 is not extended beyond its total, to the millisecond', async () => {
      const { browser, clock } = await login();
      for (let at = 0; at < absolute - idle; at += idle / 2) {
        clock.advance(idle / 2);
        await browser.sees();
      }
      clock.set(NOW + absolute - 1);
      expect((await browser.sees()).userId).toBe('ada');
      clock.advance(1);
      expect(await browser.sees()).toEqual(NOBODY);
    });

    it('R-12 no write, touch or regenerate gives it a longer total', async () => {
      const { browser, clock } = await login();
      for (let at = 0; at < absolute - idle; at += idle / 2) {
        clock.advance(idle / 2);
        await browser.request(async (session) => {
          session.set('at', at).regenerate();
          await session.save();
          await session.touch();
        });
      }
      clock.set(NOW + absolute);
      expect(await browser.sees()).toEqual(NOBODY);
    });

    it('C-5 R-13 an old copy lives by the ends that were sealed into it', async () => {
      const { browser, clock } = await login();
      const copy = browser.copy();
      clock.advance(idle - 1);
      await browser.sees();
      clock.advance(1);
      expect(await copy.sees()).toEqual(NOBODY);
      expect((await browser.sees()).userId).toBe('ada');
    });

    it('B-50 R-13 a shorter limit applies to it, a longer one does not', async () => {
      const { browser, clock } = await login();
      const shorter = { idle: idle / 3, absolute: absolute / 3 };
      const longer = { idle: idle * 2, absolute: absolute * 2 };
      const longestReplay = { acceptReplayFor: 400 * DAY };
      const after = (limits: typeof shorter) =>
        managed(new CookieSessionStore(longestReplay), clock, { limits, remember: limits }).manager;
      clock.advance(idle / 3);
      expect((await after(shorter).open([browser.cookie])).record).toBeUndefined();
      clock.set(NOW + idle);
      expect((await after(longer).open([browser.cookie])).record).toBeUndefined();
    });
  });

  it('B-20 is touched when that moves its end by touchInterval, and no sooner', async () => {
    const { browser, clock } = givenNoList();
    await browser.request((session) => void session.set('a', 1));
    const first = browser.cookie;
    clock.advance(MINUTE - 1);
    await browser.sees();
    expect(browser.cookie).toBe(first);
    clock.advance(1);
    await browser.sees();
    expect(browser.cookie).not.toBe(first);
  });

  it('a touch that the application asks for does not wait, and is not for one that has ended', async () => {
    const { browser } = given();
    await browser.request((session) => void session.set('a', 1));
    const first = browser.cookie;
    await browser.request((session) => session.touch());
    expect(browser.cookie).not.toBe(first);
    const { draft, session } = await browser.copy().begin();
    await browser.request((other) => other.logout());
    await session.touch();
    expect(draft.cookie).toBeUndefined();
  });

  it('a touch is lost without a word when the list fails, or when the cookie no longer fits', async () => {
    const { browser, clock, revocations } = given();
    await browser.request((session) => void session.set('a', 'x'.repeat(2_000)));
    clock.advance(MINUTE);
    const { draft, end } = await browser.begin();
    revocations.fault = () => {
      throw new Error('down');
    };
    await end();
    expect(draft).toMatchObject({ failed: false, cookie: undefined });
    const backend = new CookieSessionStore({ acceptReplayFor: '90d' });
    const narrower = new SealedManager(backend, POLICY, clock, new SessionEvents(), { capacity: 1_000 });
    const tight = (await narrower.open([browser.cookie])) as Draft;
    expect(tight.record).toBeDefined();
    expect(narrower.commit(tight)).toBeUndefined();
    expect(tight.cookie).toBeUndefined();
  });

  it('B-47 F25 clocks that disagree end nothing early and give nothing away', async () => {
    const { browser, clock } = givenNoList();
    await browser.request((session) => session.login('ada'));
    clock.advance(-5 * MINUTE);
    expect((await browser.sees()).userId).toBe('ada');
    await browser.request((session) => void session.set('a', 1));
    const expiresAt = await browser.request((session) => session.expiresAt);
    expect(expiresAt).toBe(NOW + 30 * MINUTE);
  });
});

describe('B-10 R-47 F25 keys', () => {
  const OLD = POLICY.keys[0]!;
  const NEW = 'another secret of at least thirty-two bytes, newer';

  async function visited(keys: readonly string[], cookie?: string) {
    const test = givenNoList({ keys });
    test.browser.cookie = cookie;
    const seen = await test.browser.sees();
    return { seen, cookie: test.browser.cookie };
  }

  it('an old key still opens, once: the answer brings a seal of the new one', async () => {
    const { browser } = givenNoList({ keys: [OLD] });
    await browser.request((session) => void session.set('a', 1));
    const rotated = await visited([NEW, OLD], browser.cookie);
    expect(rotated.seen.data).toEqual({ a: 1 });
    expect(rotated.cookie).not.toBe(browser.cookie);
    const after = await visited([NEW], rotated.cookie);
    expect(after.seen.data).toEqual({ a: 1 });
    expect(after.cookie).toBe(rotated.cookie);
  });

  it('a key that is gone opens nothing, and nobody notices but who is logged out', async () => {
    const { browser } = givenNoList({ keys: [OLD] });
    await browser.request((session) => void session.set('a', 1));
    expect((await visited([NEW], browser.cookie)).seen).toEqual(NOBODY);
  });

  it('a server that does not know the new key yet takes its seals for strangers’', async () => {
    const { browser } = givenNoList({ keys: [NEW, OLD] });
    await browser.request((session) => void session.set('a', 1));
    expect((await visited([OLD], browser.cookie)).seen).toEqual(NOBODY);
    expect((await visited([OLD, NEW], browser.cookie)).seen.data).toEqual({ a: 1 });
  });
});

describe('revocations', () => {
  it('R-16 that cannot be read are a 503 for who brings a session, and nothing for who does not', async () => {
    const { browser, manager, revocations, told } = given();
    await browser.request((session) => void session.set('a', 1));
    revocations.fault = () => {
      throw new Error('down');
    };
    await expect(browser.begin()).rejects.toThrow(SessionStoreUnavailableError);
    expect(told('store-error')).toHaveLength(1);
    expect((await manager.open([])).unavailable).toBeUndefined();
  });

  it('I21 make it a stranger’s session, which cannot be written, where the options say so', async () => {
    const { browser, revocations } = given({ policy: { onStoreError: 'anonymous' } });
    await browser.request((session) => void session.set('a', 1));
    revocations.fault = () => {
      throw new Error('down');
    };
    const { draft, end, session } = await browser.begin();
    expect(session.get('a')).toBeUndefined();
    expect(() => session.set('a', 2)).toThrow(SessionStoreUnavailableError);
    await end();
    expect(draft.cookie).toBeUndefined();
  });

  it('C-16 that answer with another record are a fault, not an answer', async () => {
    const { browser, revocations } = given();
    await browser.request((session) => session.login('ada'));
    const other = browser.copy();
    await browser.request((session) => session.logout());
    const entry = await revocations.store.read((await idOf(other))!, NOW);
    revocations.fault = () => {};
    const store = new Proxy(revocations.store, {
      get: (target, name) => (name === 'read' ? async () => ({ ...entry!, id: 'x' }) : Reflect.get(target, name)),
    });
    const confused = managed(new CookieSessionStore({ revocations: store }), new ManualClock(NOW));
    await expect(confused.manager.open([other.cookie])).rejects.toThrow('another record');

    async function idOf(browserWithSession: Browser) {
      const { manager } = givenNoList();
      return (await manager.open([browserWithSession.cookie])).record?.id;
    }
  });

  it('are asked at start-up whether they work', async () => {
    const list = Object.assign(new MemorySessionStore(), {
      ping: async () => {
        throw new Error('no such table');
      },
    });
    const { manager } = given({ list });
    await expect(manager.start()).rejects.toThrow('no such table');
    await givenNoList().manager.start();
    expect(await givenNoList().manager.sweep()).toBe(0);
  });

  it('that are no store are told at start-up', () => {
    const notOne = MemorySessionStore as unknown as SessionStore;
    const start = () => managed(new CookieSessionStore({ revocations: notOne }), new ManualClock(NOW));
    expect(start).toThrow(SessionConfigError);
    expect(start).toThrow('The revocations of CookieSessionStore are not a session store');
  });
});

describe('sealed sessions from outside of a request', () => {
  it('are ended by their id, once', async () => {
    const { browser, manager, told } = given();
    await browser.request((session) => session.login('ada'));
    const id = await browser.request((session) => session.id);
    expect(await manager.users.revoke(id)).toBe(true);
    expect(await manager.users.revoke(id)).toBe(false);
    expect(await browser.sees()).toEqual(NOBODY);
    expect(told('ended')).toEqual([expect.objectContaining({ id, reason: 'revoked' })]);
  });

  it('that were rotated before, too', async () => {
    const { browser, manager } = given();
    await browser.request((session) => void session.set('a', 1));
    await browser.request((session) => session.regenerate());
    const id = await browser.request((session) => session.id);
    expect(await manager.users.revoke(id)).toBe(true);
    expect(await browser.sees()).toEqual(NOBODY);
  });

  it('C-15 what is no id of ours never reaches a store', async () => {
    const { manager, revocations } = given();
    for (const id of ['', '../x', 'a b\r\nc', 'x'.repeat(300)]) expect(await manager.users.revoke(id)).toBe(false);
    expect(revocations.total).toBe(0);
  });

  it.each([
    ['list', (manager: SealedManager) => manager.users.list()],
    ['revokeAll', (manager: SealedManager) => manager.users.revokeAll()],
    ['revoke of a user’s', (manager: SealedManager) => manager.users.revoke('A'.repeat(24), { userId: 'ada' })],
  ])('%s is more than they can do, and they say so', async (_what, call) => {
    await expect(call(given().manager)).rejects.toThrow(UnsupportedBySessionStoreError);
    await expect(call(given().manager)).rejects.toThrow('CookieSessionStore cannot');
  });

  it('revoke without revocations says what is missing', async () => {
    await expect(givenNoList().manager.users.revoke('A'.repeat(24))).rejects.toThrow(
      'CookieSessionStore cannot revoke a session without `revocations`',
    );
  });
});
