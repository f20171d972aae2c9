import { InternalServerErrorException } from '@nestjs/common';
import { act, begin, seenBy, visitor } from '../support/actions.js';
import type { Client } from '../support/client.js';
import { describeOnStores } from '../support/suite.js';
import { counts } from '../support/use-app.js';

async function flash(client: Client, ...values: unknown[]) {
  const answer = await act(client, (session) => values.forEach((value) => session.flash('notice', value)));
  expect(answer.status).toBe(200);
  return answer;
}

async function read(client: Client) {
  const answer = await act(client, (session) => session.flashes('notice'));
  expect(answer.status).toBe(200);
  return answer.result;
}

describeOnStores('flash messages', {}, (app) => {
  it('are read once, oldest first', async () => {
    const client = await visitor(app);
    await flash(client, 'one', { two: 2 }, new Map([[3, 3n]]));
    app.clock.advance(1);
    await flash(client, 'four');
    expect(await read(client)).toEqual(['one', { two: 2 }, new Map([[3, 3n]]), 'four']);
    expect(await read(client)).toEqual([]);
  });

  it('start a session where there is none', async () => {
    const client = app.client();
    expect((await flash(client, 'Welcome')).cookies).toHaveLength(1);
    expect(await read(client)).toEqual(['Welcome']);
  });

  it('have keys of their own, apart from each other and from the fields', async () => {
    const client = await visitor(app, { notice: 'a field', flash: 'another' });
    await act(client, (session) => {
      session.flash('notice', 1);
      session.flash('error', 2);
      session.flash('__proto__', 3);
      session.flash('a\0\ud800', 4);
    });
    const { result } = await act(client, (session) =>
      ['a\0\ud800', '__proto__', 'error', 'notice'].map((key) => session.flashes(key)),
    );
    expect(result).toEqual([[4], [3], [2], [1]]);
    expect((await seenBy(client)).data).toEqual({ notice: 'a field', flash: 'another' });
  });

  it('written and read in one request never reach the store', async () => {
    const client = await visitor(app);
    app.calls.reset();
    const { result } = await act(client, (session) => {
      session.flash('notice', 'now');
      return [session.flashes('notice'), session.flashes('notice')];
    });
    expect(result).toEqual([['now'], []]);
    expect(app.calls.calls.update).toBe(0);
    expect(await read(client)).toEqual([]);
  });

  it('written after others were read are for the next request', async () => {
    const client = await visitor(app);
    await flash(client, 'old');
    const { result } = await act(client, (session) => {
      const taken = session.flashes('notice');
      session.flash('notice', 'new');
      return taken;
    });
    expect(result).toEqual(['old']);
    expect(await read(client)).toEqual(['new']);
  });

  it('that nobody finds cost no write', async () => {
    const client = await visitor(app);
    app.calls.reset();
    expect(await read(client)).toEqual([]);
    expect(app.calls.calls).toEqual(counts({ read: 1 }));
  });

  it('taken are put back by keepFlashes', async () => {
    const client = await visitor(app);
    await flash(client, 'one', 'two');
    const { result } = await act(client, (session) => {
      const taken = session.flashes('notice');
      session.keepFlashes();
      return taken;
    });
    expect(result).toEqual(['one', 'two']);
    expect(await read(client)).toEqual(['one', 'two']);
    expect(await read(client)).toEqual([]);
  });

  it('I-6 of two requests at once arrive both', async () => {
    const client = await visitor(app);
    const slow = await begin(client, (session) => session.flash('notice', 'one'));
    await flash(client, 'two');
    await slow.finish();
    expect((await read(client)).sort()).toEqual(['one', 'two']);
  });

  it('I-6 written while others are being read arrive', async () => {
    const client = await visitor(app);
    await flash(client, 'old');
    const slow = await begin(client, (session) => session.flashes('notice'));
    await flash(client, 'new');
    expect((await slow.finish()).result).toEqual(['old']);
    expect(await read(client)).toEqual(['new']);
  });

  it('DESIGN 2.4 taken by a request that fails are there for the next', async () => {
    const client = await visitor(app);
    await flash(client, 'important');
    const answer = await act(client, (session) => {
      session.flashes('notice');
      session.flash('notice', 'dropped');
      throw new InternalServerErrorException();
    });
    expect(answer.status).toBe(500);
    expect(await read(client)).toEqual(['important']);
  });

  it('outlive a login and a new token, and end with the session', async () => {
    const client = await visitor(app);
    await flash(client, 'Welcome');
    await act(client, (session) => session.login('ada'));
    await act(client, (session) => session.regenerate());
    expect(await read(client)).toEqual(['Welcome']);
    await flash(client, 'private');
    await act(client, (session) => session.login('bob'));
    expect(await read(client)).toEqual([]);
  });

  it('C-38 that cannot be decoded are passed over, and told as an event', async () => {
    const client = await visitor(app);
    await flash(client, 'good');
    const { id } = await seenBy(client);
    await app.store.update(id, { meta: new Map([['flash.000', '["notice",']]), expect: {} }, app.clock.now());
    app.events.length = 0;
    expect(await read(client)).toEqual(['good']);
    expect(app.events).toContainEqual(expect.objectContaining({ type: 'corrupt', id }));
  });
});
