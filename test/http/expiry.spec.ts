import { act, begin, NOBODY, seenBy, user, visitor } from '../support/actions.js';
import { deployed, describeOnStores } from '../support/suite.js';
import { counts } from '../support/use-app.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The defaults, as DESIGN 6 has them. */
const IDLE = 30 * MINUTE;
const ABSOLUTE = 12 * HOUR;

describeOnStores('the end of a session', {}, (app) => {
  /** When the store has this session end. */
  const storedEnd = async (id: string) => (await app.store.read(id, app.clock.now()))?.expiresAt;

  it.each([
    ['a millisecond before the idle time is over', IDLE - 1, true],
    ['when the idle time is over', IDLE, false],
    ['later', IDLE + 1, false],
  ])('B-43 C-33 I-3 %s: after %i ms alive is %s, with nobody sweeping', async (_when, silence, alive) => {
    const client = await visitor(app);
    app.clock.advance(silence);
    app.calls.reset();
    expect(await seenBy(client)).toEqual(alive ? expect.objectContaining({ isNew: false }) : NOBODY);
    expect(app.calls.calls).toMatchObject({ read: 1, create: 0, update: 0, touch: alive ? 1 : 0 });
  });

  it('B-43 a write after the end starts a session with another id', async () => {
    const client = await visitor(app);
    const { id } = await seenBy(client);
    app.clock.advance(IDLE);
    await act(client, (session) => session.set('fresh', 1));
    const seen = await seenBy(client);
    expect(seen.data).toEqual({ fresh: 1 });
    expect(seen.id).not.toBe(id);
  });

  it('B-43 I-3 a request that is still running at the end cannot write any more', async () => {
    const client = await visitor(app);
    const slow = await begin(client, (session) => session.set('late', 1));
    app.clock.advance(IDLE);
    expect(await slow.finish()).toMatchObject({ status: 409, cookies: [] });
    expect(await seenBy(client)).toEqual(NOBODY);
  });

  it('B-44 I-4 comes after the absolute time however active it is', async () => {
    const client = await visitor(app);
    for (let age = 0; age < ABSOLUTE - 20 * MINUTE; age += 20 * MINUTE) {
      app.clock.advance(20 * MINUTE);
      const write = age % HOUR === 0;
      await act(client, async (session) => {
        if (write) session.set('age', age);
        else await session.touch();
      });
    }
    app.clock.advance(20 * MINUTE - 1);
    expect((await seenBy(client)).isNew).toBe(false);
    expect((await act(client, ({ expiresAt }) => expiresAt)).result).toBe(app.clock.now() + 1);
    app.clock.advance(1);
    expect(await seenBy(client)).toEqual(NOBODY);
  });

  it.each([
    ['a millisecond before', IDLE - 1, true],
    ['at', IDLE, false],
    ['after', IDLE + 1, false],
  ])('B-45 a touch %s the end: after %i ms alive is %s', async (_when, age, alive) => {
    const client = await visitor(app);
    const slow = await begin(client, (session) => session.touch());
    app.clock.advance(age);
    expect(await slow.finish()).toMatchObject({ status: 200, cookies: [] });
    app.clock.advance(1);
    expect(await seenBy(client)).toEqual(alive ? expect.objectContaining({ isNew: false }) : NOBODY);
  });

  it('B-46 I-5 a touch that arrives late never shortens it', async () => {
    const client = await visitor(app);
    const { id } = await seenBy(client);
    app.clock.advance(5 * MINUTE);
    const held = app.calls.hold('touch');
    const late = act(client, (session) => session.touch());
    await held.reached;
    app.clock.advance(5 * MINUTE);
    await act(client, (session) => session.set('count', 1));
    expect(await storedEnd(id)).toBe(app.clock.now() + IDLE);
    held.release();
    expect((await late).status).toBe(200);
    expect(await storedEnd(id)).toBe(app.clock.now() + IDLE);
  });

  it('B-46 I-5 a write that arrives late never shortens it', async () => {
    const client = await visitor(app);
    const { id } = await seenBy(client);
    const held = app.calls.hold('update');
    const late = act(client, (session) => session.set('late', 1));
    await held.reached;
    app.clock.advance(5 * MINUTE);
    await act(client, (session) => session.touch());
    held.release();
    expect((await late).status).toBe(200);
    expect(await storedEnd(id)).toBe(app.clock.now() + IDLE);
  });

  it('B-20 reading touches it once per touchInterval, and changes nothing else', async () => {
    const client = await visitor(app);
    const { id } = await seenBy(client);
    const before = await app.store.read(id, app.clock.now());
    const reads: [number, number][] = [
      [MINUTE - 1, 0],
      [1, 1],
      [0, 0],
      [MINUTE - 1, 0],
      [1, 1],
    ];
    for (const [pause, touches] of reads) {
      app.clock.advance(pause);
      app.calls.reset();
      expect(await act(client, (session) => session.get('cart'))).toMatchObject({ status: 200, cookies: [] });
      expect(app.calls.calls).toEqual(counts({ read: 1, touch: touches }));
    }
    const expiresAt = app.clock.now() + IDLE;
    expect(await app.store.read(id, app.clock.now())).toEqual({ ...before, expiresAt });
  });

  it('B-20 a write moves it as well, so nothing is touched besides', async () => {
    const client = await visitor(app);
    const { id } = await seenBy(client);
    app.clock.advance(5 * MINUTE);
    app.calls.reset();
    await act(client, (session) => session.set('count', 1));
    expect(app.calls.calls).toEqual(counts({ read: 1, update: 1 }));
    expect(await storedEnd(id)).toBe(app.clock.now() + IDLE);
  });

  it('a touch that fails spoils no answer, is told as an event, and is not tried twice', async () => {
    const client = await visitor(app);
    app.clock.advance(5 * MINUTE);
    app.events.length = 0;
    app.calls.fault = (verb) => {
      if (verb === 'touch') throw new Error('down');
    };
    expect(await act(client, (session) => session.get('cart'))).toMatchObject({ status: 200, cookies: [] });
    expect(app.events).toEqual([expect.objectContaining({ type: 'store-error', reason: 'touch' })]);
  });

  it('session.touch() moves it now, whatever touchInterval says, and nothing where nothing is stored', async () => {
    const client = await visitor(app);
    app.clock.advance(1);
    const { result } = await act(client, async (session) => {
      const before = session.expiresAt!;
      await session.touch();
      return [before, session.expiresAt];
    });
    expect(result).toEqual([app.clock.now() - 1 + IDLE, app.clock.now() + IDLE]);
    app.calls.reset();
    await act(app.client(), (session) => session.touch());
    expect(app.calls.total).toBe(0);
  });

  it('session.expiresAt is when it ends, once it is stored', async () => {
    const client = app.client();
    const { result } = await act(client, async (session) => {
      const before = session.expiresAt;
      await session.set('cart', []).save();
      return [before, session.expiresAt];
    });
    expect(result).toEqual([undefined, app.clock.now() + IDLE]);
  });

  it('B-47 a clock set back an hour logs nobody out, and gives nobody more than that hour', async () => {
    const client = await visitor(app);
    const { id } = await seenBy(client);
    const end = app.clock.now() + IDLE;
    app.clock.advance(-HOUR);
    expect((await seenBy(client)).isNew).toBe(false);
    await act(client, (session) => session.set('count', 1));
    await act(client, (session) => session.touch());
    expect(await storedEnd(id)).toBe(end);
    app.clock.set(end - 1);
    expect((await seenBy(client)).isNew).toBe(false);
  });

  it('B-47 a clock that runs ahead for a moment gives nobody more than it ran ahead by', async () => {
    const client = await visitor(app);
    const { id } = await seenBy(client);
    app.clock.advance(10 * MINUTE);
    await seenBy(client);
    app.clock.advance(-10 * MINUTE);
    expect(await storedEnd(id)).toBe(app.clock.now() + 10 * MINUTE + IDLE);
    app.clock.advance(10 * MINUTE + IDLE);
    expect(await seenBy(client)).toEqual(NOBODY);
  });

  it('B-47 a clock an hour ahead ends what would have ended in that hour, and nothing that is remembered', async () => {
    const ordinary = await user(app, 'ada');
    const remembered = await user(app, 'ada', { remember: true });
    app.clock.advance(HOUR);
    expect(await seenBy(ordinary)).toEqual(NOBODY);
    expect((await seenBy(remembered)).userId).toBe('ada');
  });

  it('B-48 the year 2038 is a year like any other', async () => {
    app.clock.set(Math.max(app.clock.now(), Date.UTC(2038, 0, 19, 3, 14, 7)));
    const client = await visitor(app);
    app.clock.advance(IDLE - 1);
    expect((await seenBy(client)).isNew).toBe(false);
  });

  it('R-12 one to be remembered may be silent for 30 days', async () => {
    const client = await user(app, 'ada', { remember: true });
    app.clock.advance(30 * DAY - 1);
    expect((await seenBy(client)).userId).toBe('ada');
    app.clock.advance(30 * DAY);
    expect(await seenBy(client)).toEqual(NOBODY);
  });

  it('R-12 one to be remembered ends after 90 days however active it is', async () => {
    const client = await user(app, 'ada', { remember: true });
    for (let week = 0; week < 12; week++) {
      app.clock.advance(7 * DAY);
      await seenBy(client);
    }
    app.clock.advance(6 * DAY - 1);
    expect((await seenBy(client)).userId).toBe('ada');
    app.clock.advance(1);
    expect(await seenBy(client)).toEqual(NOBODY);
  });

  it.each([1, 1_000, 30 * DAY, 31 * DAY, 400 * DAY])('B-48 a life of %i ms is exact', async (life) => {
    await deployed(app, { idleTimeout: life, absoluteTimeout: life }, async (next) => {
      const client = await visitor(next);
      app.clock.advance(life - 1);
      expect((await seenBy(client)).isNew).toBe(false);
      app.clock.advance(1);
      expect(await seenBy(client)).toEqual(NOBODY);
    });
  });
});

describeOnStores('touchInterval', {}, (app) => {
  it.each([
    ['as configured', { idleTimeout: '5m', touchInterval: '10s' }, 10_000],
    ['a tenth of the idle timeout', { idleTimeout: '5m', touchInterval: '1m' }, 30_000],
    ['a tenth of an idle timeout of a moment', { idleTimeout: 100, touchInterval: '1m' }, 10],
  ])('B-20 is %s, at most', async (_what, options, interval) => {
    await deployed(app, options, async (next) => {
      const client = await visitor(next);
      app.clock.advance(interval - 1);
      await seenBy(client);
      expect(next.calls.calls.touch).toBe(0);
      app.clock.advance(1);
      await seenBy(client);
      expect(next.calls.calls.touch).toBe(1);
    });
  });

  it('B-20 of 0 touches at every request, once', async () => {
    await deployed(app, { touchInterval: 0 }, async (next) => {
      const client = await visitor(next);
      next.calls.reset();
      for (let request = 0; request < 3; request++) {
        app.clock.advance(1);
        await seenBy(client);
      }
      expect(next.calls.calls.touch).toBe(3);
    });
  });
});
