import { act, type Http } from '../support/actions.js';
import type { TestApp } from '../support/app.js';
import type { Client } from '../support/client.js';
import { MODES, startCookieApp, WITH_LIST } from '../support/cookie-app.js';
import { type PassportRequest, withPassport } from '../support/passport.js';

const requestOf = ({ request }: Http) => request as PassportRequest;
const password = 'open sesame';

async function dataOf(client: Client) {
  return (await client.get('/me')).json<{ user?: string; userId?: string; data: object }>();
}

describe.each(MODES)('Passport with sessions in cookies, %s', (_mode, given, options) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startCookieApp(given, options, withPassport());
  });
  afterAll(() => app.close());

  it('C-7 logs in with a new token, keeps what is to be kept, and logs out', async () => {
    const client = app.client();
    await act(client, (_session, http) => {
      requestOf(http).session.cart = ['tea'];
    });
    const before = client.copy();
    await client.post('/login/keep', { username: 'ada', password });
    expect(await dataOf(client)).toMatchObject({
      user: 'ada',
      userId: 'ada',
      data: { cart: ['tea'], passport: { user: 'ada' } },
    });
    expect((await before.get('/profile')).status).toBe(given === WITH_LIST ? 409 : 401);
    const thief = client.copy();
    await client.post('/logout/keep');
    const after = await dataOf(client);
    expect(after).toMatchObject({ data: { cart: ['tea'], passport: {} } });
    expect(after.userId).toBeUndefined();
    expect((await client.get('/profile')).status).toBe(401);
    if (given === WITH_LIST) expect((await thief.get('/profile')).status).toBe(401);
    await client.post('/logout');
    expect((await dataOf(client)).data).toEqual({});
  });
});
