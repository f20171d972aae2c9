import { createHash } from 'node:crypto';
import { inspect } from 'node:util';
import { InternalServerErrorException } from '@nestjs/common';
import { act, begin, seenBy, user, visitor } from '../support/actions.js';
import type { Client } from '../support/client.js';
import { describeOnStores, type SuiteApp } from '../support/suite.js';

/** Every turn that a session's life can take. Gives the tokens that were in use. */
async function liveThroughEverything(app: SuiteApp): Promise<string[]> {
  const clients: Client[] = [];
  const tokens = new Set<string>();
  const note = () => clients.forEach((client) => client.jar.forEach((token) => tokens.add(token)));

  const client = await visitor(app, { password: 'VALUE-1' });
  clients.push(client);
  note();
  const stale = client.copy();
  const late = await begin(stale, (session) => session.set('password', 'VALUE-2'));
  await act(client, (session) => session.set('password', 'VALUE-3').login('ada', { label: 'Phone' }));
  note();
  await late.finish();
  await act(stale, (session) => session.set('password', 'VALUE-4'));
  await act(client, (session) => session.regenerate());
  note();
  await act(client, (session) => session.flash('notice', 'VALUE-5'));

  const { id } = await seenBy(client);
  await app.store.update(id, { fields: new Map([['password', '{"VALUE-6']]), expect: {} }, app.clock.now());
  await act(client, (session) => session.get('password'));

  const twice = client.copy();
  await twice.get('/nowhere');
  await act(client, (session) => session.login('bob'));
  note();
  const malformed = app.client();
  malformed.jar.set('sid', 'VALUE-7');
  await seenBy(malformed);
  const header = `sid=${[...tokens].join('; sid=')}`;
  await client.post('/act', undefined, { headers: { cookie: header } });

  app.calls.fault = (verb) => {
    if (verb === 'update') throw new Error('down');
  };
  await act(client, (session) => session.set('password', 'VALUE-8'));
  app.calls.reset();
  await act(client, () => {
    throw new InternalServerErrorException();
  });
  await act(client, (session) => session.logout());
  await user(app, 'ada');
  await app.service.revokeAll('ada');
  return [...tokens];
}

describeOnStores('events', {}, (app) => {
  it("R-50 tell of every turn of a session's life", async () => {
    await liveThroughEverything(app);
    const told = new Set(app.events.map(({ reason, type }) => (reason ? `${type} ${reason}` : type)));
    expect([...told].sort()).toEqual([
      'conflict changed',
      'conflict retired',
      'corrupt password',
      'created',
      'duplicate',
      'ended another-user',
      'ended logout',
      'ended revoked',
      'login',
      'regenerated',
      'rejected malformed',
      'rejected retired',
      'rejected unknown',
      'saved',
      'store-error update',
    ]);
  });

  it('R-50 a login tells of itself, whether it created the session or found one', async () => {
    await user(app, 'ada');
    expect(app.events.map(({ type, userId }) => [type, userId])).toEqual([
      ['created', 'ada'],
      ['login', 'ada'],
    ]);
  });

  it('C-28 I-20 carry no token, no secret, no hash and no value', async () => {
    const tokens = await liveThroughEverything(app);
    expect(tokens.length).toBeGreaterThan(3);
    const text = inspect([app.events, app.log], { depth: Infinity, showHidden: true, maxStringLength: null });
    for (const token of tokens) {
      const secret = token.slice(24);
      const hash = createHash('sha256').update(secret).digest('base64url');
      for (const forbidden of [token, secret, hash]) expect(text).not.toContain(forbidden);
    }
    expect(text).not.toContain('VALUE');
  });

  it('R-50 say which session, when and whose', async () => {
    const client = await user(app, 'ada');
    const { id } = await seenBy(client);
    for (const event of app.events) {
      expect(event).toMatchObject({ name: 'session', at: app.clock.now(), id, userId: 'ada' });
    }
  });
});
