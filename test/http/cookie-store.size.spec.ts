import { act, NOBODY, seenBy, visitor } from '../support/actions.js';
import { CookieApps } from '../support/cookie-app.js';

const apps = new CookieApps();

afterAll(() => apps.close());

describe('large sessions', () => {
  const data = (length: number) => Array.from({ length }, (_, index) => `article ${index}`);

  it('compressed, a session of 20 KB fits into a cookie', async () => {
    const app = await apps.start({ compress: true });
    const client = await visitor(app, { history: data(1_000) });
    expect([...client.jar.keys()]).toEqual(['sid']);
    expect((await seenBy(client)).data).toEqual({ history: data(1_000) });
  });

  it('D-12 in pieces, one of 8 KB takes three, and what is left of them goes when it shrinks', async () => {
    const app = await apps.start({ chunks: 3 });
    const client = await visitor(app, { history: data(500) });
    expect([...client.jar.keys()]).toEqual(['sid.0', 'sid.1', 'sid.2']);
    expect((await seenBy(client)).data).toEqual({ history: data(500) });
    await act(client, (session) => session.set('history', data(300)));
    expect([...client.jar.keys()]).toEqual(['sid.0', 'sid.1']);
    await act(client, (session) => session.set('history', data(10)));
    expect([...client.jar.keys()]).toEqual(['sid']);
    await act(client, (session) => session.set('history', data(500)));
    expect([...client.jar.keys()].sort()).toEqual(['sid.0', 'sid.1', 'sid.2']);
    const torn = client.copy();
    torn.jar.delete('sid.1');
    expect(await seenBy(torn)).toEqual(NOBODY);
    await act(client, (session) => session.logout());
    expect(client.jar.size).toBe(0);
    expect((await act(app.client(), (session) => session.set('history', data(800)))).status).toBe(500);
  });

  it('pieces of two answers open nothing', async () => {
    const app = await apps.start({ chunks: 2 });
    const client = await visitor(app, { history: data(300) });
    const mixed = client.copy();
    await act(client, (session) => session.set('history', data(301)));
    mixed.jar.set('sid.1', client.jar.get('sid.1')!);
    expect(await seenBy(mixed)).toEqual(NOBODY);
  });

  it('R-30 the largest that Node and the limits let through arrives whole', async () => {
    const app = await apps.start({ chunks: 3 }, { cookie: { persistent: true } });
    const client = app.client();
    const { cookies } = await act(client, (session) => session.set('text', 'x'.repeat(8_700)));
    expect(cookies).toHaveLength(3);
    for (const line of cookies) expect(Buffer.byteLength(line)).toBeLessThanOrEqual(4_096);
    expect((await seenBy(client)).data.text).toHaveLength(8_700);
  });
});
