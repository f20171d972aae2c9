import { InternalServerErrorException } from '@nestjs/common';
import { act, type AnySession, begin, NOBODY, seenBy, user, visitor } from '../support/actions.js';
import type { Client } from '../support/client.js';
import { describeOnStores, type SuiteApp } from '../support/suite.js';
import { counts } from '../support/use-app.js';

const regenerate = (session: AnySession) => session.regenerate();

/** How long a retired token is told apart from an unknown one. Milliseconds. */
const GRACE = 30_000;

/** A client with a token that has just been replaced, and the client who has the new one. */
async function retired(app: SuiteApp): Promise<{ stale: Client; fresh: Client }> {
  const fresh = await visitor(app);
  const stale = fresh.copy();
  await act(fresh, regenerate);
  return { stale, fresh };
}

describeOnStores('regenerating a token', {}, (app) => {
  it('B-37 keeps id, data, user and absolute end, and leaves the old token without anything to open', async () => {
    const client = await user(app, 'ada');
    await act(client, (session) => session.set('cart', ['tea']));
    const thief = client.copy();
    const before = await seenBy(client);
    const { absoluteExpiresAt } = (await app.store.read(before.id, app.clock.now()))!;
    app.clock.advance(60_000);
    const answer = await act(client, regenerate);
    expect(answer.cookies).toHaveLength(1);
    expect(client.cookieHeader).not.toBe(thief.cookieHeader);
    expect(await seenBy(client)).toEqual(before);
    expect(await seenBy(thief)).toEqual(NOBODY);
    expect(await app.store.read(before.id, app.clock.now())).toMatchObject({
      absoluteExpiresAt,
      userId: 'ada',
      expiresAt: app.clock.now() + 30 * 60_000,
    });
    expect((await app.service.list('ada')).map(({ id }) => id)).toEqual([before.id]);
  });

  it('B-37 is one store call together with the fields that changed', async () => {
    const client = await visitor(app, { cart: ['tea'], colour: 'red' });
    app.calls.reset();
    await act(client, (session) => {
      session.regenerate();
      session.set('cart', ['tea', 'milk']);
      session.delete('colour');
    });
    expect(app.calls.calls).toEqual(counts({ read: 1, update: 1 }));
    expect((await seenBy(client)).data).toEqual({ cart: ['tea', 'milk'] });
  });

  it('B-38 twice in a request is once, and once in each of two requests is twice', async () => {
    const client = await visitor(app);
    app.calls.reset();
    const { cookies } = await act(client, (session) => {
      session.regenerate();
      session.regenerate();
    });
    expect(cookies).toHaveLength(1);
    expect(app.calls.calls.update).toBe(1);
    const first = client.copy();
    await act(client, regenerate);
    expect(await seenBy(first)).toEqual(NOBODY);
    expect((await seenBy(client)).data).toEqual({ cart: ['tea'] });
  });

  it('B-38 twice with a save() in between leaves the last token alone alive', async () => {
    const client = await visitor(app);
    const { cookies } = await act(client, async (session) => {
      session.regenerate();
      await session.save();
      session.regenerate();
    });
    expect(cookies).toHaveLength(1);
    expect((await seenBy(client)).data).toEqual({ cart: ['tea'] });
  });

  it('B-38 of a session that is not stored yet is part of its creation', async () => {
    const stranger = app.client();
    expect((await act(stranger, regenerate)).cookies).toEqual([]);
    expect(app.calls.total).toBe(0);
    const { cookies } = await act(stranger, (session) => {
      session.regenerate();
      session.set('cart', ['tea']);
    });
    expect(cookies).toHaveLength(1);
    expect(app.calls.calls).toEqual(counts({ create: 1 }));
    expect((await seenBy(stranger)).data).toEqual({ cart: ['tea'] });
  });

  it.each([
    ['destroy', (session: AnySession) => session.destroy()],
    ['logout', (session: AnySession) => session.logout()],
  ])('B-38 then %s ends the session', async (_name, end) => {
    const client = await visitor(app);
    const thief = client.copy();
    const { cookies } = await act(client, (session) => {
      session.regenerate();
      end(session);
    });
    expect(cookies).toEqual([expect.stringMatching(/^sid=; .*Max-Age=0/)]);
    expect(await seenBy(thief)).toEqual(NOBODY);
  });

  it('B-39 I-12 of many at once has one winner; the others get 409 and no cookie', async () => {
    const client = await visitor(app);
    const tabs = await Promise.all(Array.from({ length: 8 }, () => begin(client.copy(), regenerate)));
    const answers = await Promise.all(tabs.map((tab) => tab.finish()));
    const winners = answers.filter(({ status }) => status === 200);
    const losers = answers.filter(({ status }) => status === 409);
    expect([winners.length, losers.length]).toEqual([1, 7]);
    expect(losers.flatMap(({ cookies }) => cookies)).toEqual([]);
    client.jar.set('sid', winners[0]!.cookies[0]!.slice('sid='.length).split(';')[0]!);
    expect((await seenBy(client)).data).toEqual({ cart: ['tea'] });
  });

  it('B-40 a slower request with the old token has read what it needs, and cannot write', async () => {
    const client = await visitor(app);
    const reading = await begin(client.copy(), (session) => session.get('cart'));
    const writing = await begin(client.copy(), (session) => session.set('late', 1));
    await act(client, regenerate);
    expect(await reading.finish()).toMatchObject({ status: 200, result: ['tea'], cookies: [] });
    expect(await writing.finish()).toMatchObject({ status: 409, cookies: [] });
    expect((await seenBy(client)).data).toEqual({ cart: ['tea'] });
  });

  it('C-10 R-15 that the store refuses is answered 503 without a cookie, and the old token goes on', async () => {
    const client = await visitor(app);
    app.calls.fault = (verb) => {
      if (verb === 'update') throw new Error('down');
    };
    const answer = await act(client, regenerate);
    app.calls.reset();
    expect(answer).toMatchObject({ status: 503, cookies: [] });
    expect((await seenBy(client)).data).toEqual({ cart: ['tea'] });
  });

  it('DESIGN 2.4 that was only staged is dropped by a 500', async () => {
    const client = await visitor(app);
    const answer = await act(client, (session) => {
      session.regenerate();
      throw new InternalServerErrorException();
    });
    expect(answer).toMatchObject({ status: 500, cookies: [] });
    expect((await seenBy(client)).data).toEqual({ cart: ['tea'] });
  });

  it('DESIGN 2.4 that is stored already sends its cookie with a 500: the old token is dead', async () => {
    const client = await visitor(app);
    const answer = await act(client, async (session) => {
      session.regenerate();
      await session.save();
      session.set('lost', 1);
      throw new InternalServerErrorException();
    });
    expect(answer.status).toBe(500);
    expect(answer.cookies).toHaveLength(1);
    expect((await seenBy(client)).data).toEqual({ cart: ['tea'] });
  });

  it('tells an event with the id and the user', async () => {
    const client = await user(app, 'ada');
    const { id } = await seenBy(client);
    app.events.length = 0;
    await act(client, regenerate);
    expect(app.events).toEqual([{ type: 'regenerated', name: 'session', at: app.clock.now(), id, userId: 'ada' }]);
  });
});

describeOnStores('a retired token', {}, (app) => {
  it.each([1, GRACE - 1])('reads nothing and gets no cookie after %i ms', async (age) => {
    const { fresh, stale } = await retired(app);
    app.clock.advance(age);
    const answer = await act(stale, (session) => ({
      isNew: session.isNew,
      userId: session.userId,
      cart: session.get('cart') as unknown,
      keys: session.keys(),
      flashes: session.flashes('notice'),
    }));
    expect(answer).toMatchObject({ status: 200, cookies: [] });
    expect(answer.result).toEqual({ isNew: true, userId: undefined, cart: undefined, keys: [], flashes: [] });
    expect((await seenBy(fresh)).data).toEqual({ cart: ['tea'] });
  });

  const WRITES: [string, (session: AnySession) => unknown][] = [
    ['set', (session) => void session.set('late', 1)],
    ['delete', (session) => session.delete('cart')],
    ['clear', (session) => session.clear()],
    ['flash', (session) => session.flash('notice', 'late')],
    ['update', (session) => session.update('count', () => 1)],
    ['save', (session) => session.save()],
    ['regenerate', regenerate],
  ];

  it.each(WRITES)('is answered 409 to a %s, and nothing is stored', async (_name, write) => {
    const { fresh, stale } = await retired(app);
    app.events.length = 0;
    app.calls.reset();
    const answer = await act(stale, write);
    expect(answer).toMatchObject({ status: 409, cookies: [] });
    expect(app.calls.calls).toEqual(counts({ read: 1 }));
    expect(app.events).toContainEqual(expect.objectContaining({ type: 'rejected', reason: 'retired' }));
    expect((await seenBy(fresh)).data).toEqual({ cart: ['tea'] });
  });

  it('a refused write is told as an event, as every refused write is', async () => {
    const { stale } = await retired(app);
    await act(stale, (session) => session.set('late', 1));
    expect(app.events).toContainEqual(expect.objectContaining({ type: 'conflict', reason: 'retired' }));
  });

  it('touches nothing', async () => {
    const { stale } = await retired(app);
    app.clock.advance(GRACE - 1);
    app.calls.reset();
    const answer = await act(stale, (session) => session.touch());
    expect(answer).toMatchObject({ status: 200, cookies: [] });
    expect(app.calls.calls).toMatchObject({ touch: 0, update: 0 });
  });

  it('is retired still when newer ones have followed', async () => {
    const { fresh, stale } = await retired(app);
    await act(fresh, regenerate);
    await act(fresh, regenerate);
    expect(await act(stale, (session) => session.set('late', 1))).toMatchObject({ status: 409, cookies: [] });
  });

  it('is an unknown one after 30 s: it reads nothing, and a write starts a session of another id', async () => {
    const { fresh, stale } = await retired(app);
    app.clock.advance(GRACE);
    const { id } = await seenBy(fresh);
    app.events.length = 0;
    expect(await seenBy(stale)).toEqual(NOBODY);
    expect(app.events).toEqual([expect.objectContaining({ type: 'rejected', id, reason: 'unknown' })]);
    const answer = await act(stale, (session) => session.set('fresh', 1));
    expect(answer.status).toBe(200);
    expect(answer.cookies).toHaveLength(1);
    const seen = await seenBy(stale);
    expect(seen.data).toEqual({ fresh: 1 });
    expect(seen.id).not.toBe(id);
    expect((await seenBy(fresh)).data).toEqual({ cart: ['tea'] });
  });
});
