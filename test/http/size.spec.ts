import { SessionTooLargeError } from 'nest-sessions';
import { act, seenBy, visitor } from '../support/actions.js';
import { at, deployed, describeOnStores } from '../support/suite.js';

const LIMIT = 1_000;
/** A text whose encoding takes so many bytes. */
const bytes = (count: number) => 'x'.repeat(count - 2);

describeOnStores('the size of a session', { options: { maxSessionSize: LIMIT } }, (app) => {
  it('B-54 is that of names and encoded values, in bytes, and may be all of maxSessionSize', async () => {
    const client = app.client();
    expect((await act(client, (session) => session.set('a', bytes(LIMIT - 1)))).status).toBe(200);
    expect((await act(client, (session) => session.set('b', 1))).status).toBe(500);
    const other = app.client();
    expect((await act(other, (session) => session.set('ä', `${bytes(LIMIT - 5)}€`))).status).toBe(200);
    expect((await act(other, (session) => session.set('ä', `${bytes(LIMIT - 4)}€`))).status).toBe(500);
  });

  it('B-54 one value that is too large alone is refused when it is set, and the old one stays', async () => {
    const client = await visitor(app);
    const { result, ...answer } = await act(client, (session) => {
      try {
        session.set('cart', bytes(LIMIT + 1));
      } catch (error) {
        return { error, left: session.get('cart') as unknown };
      }
      return undefined;
    });
    expect(result?.error).toBeInstanceOf(SessionTooLargeError);
    expect(result?.error).toMatchObject({ limit: LIMIT, message: expect.stringContaining('maxSessionSize') });
    expect(result?.left).toEqual(['tea']);
    expect(answer).toMatchObject({ status: 200, cookies: [] });
    expect((await seenBy(client)).data).toEqual({ cart: ['tea'] });
  });

  it('B-54 several that are too large together fail the request, and the record stays as it was', async () => {
    const client = await visitor(app);
    const answer = await act(client, (session) => {
      for (const name of ['a', 'b', 'c']) session.set(name, bytes(400));
      session.login('ada');
    });
    expect(answer).toMatchObject({ status: 500, cookies: [] });
    expect(await seenBy(client)).toMatchObject({ userId: undefined, data: { cart: ['tea'] } });
  });

  it('B-54 a new session that is too large is not stored', async () => {
    const client = app.client();
    const answer = await act(client, (session) => {
      for (const name of ['a', 'b', 'c']) session.set(name, bytes(400));
    });
    expect(answer).toMatchObject({ status: 500, cookies: [] });
    expect(app.calls.calls.create).toBe(0);
  });

  it('B-54 update() of a stored session is held to it too', async () => {
    const client = await visitor(app, { list: bytes(600) });
    const { result } = await act(client, (session) =>
      session.update('more', () => bytes(500)).catch((error: unknown) => error),
    );
    expect(result).toBeInstanceOf(SessionTooLargeError);
    expect((await seenBy(client)).data).toEqual({ list: bytes(600) });
  });

  it('B-54 update() of a new session is held to it too', async () => {
    const answer = await act(app.client(), (session) => session.update('more', () => bytes(LIMIT)));
    expect(answer).toMatchObject({ status: 500, cookies: [] });
    expect(app.calls.calls.create).toBe(0);
  });

  it('B-54 flash messages are held to it too', async () => {
    const client = await visitor(app);
    const answer = await act(client, (session) => {
      for (let count = 0; count < 10; count++) session.flash('notice', bytes(LIMIT));
    });
    expect(answer.status).toBe(500);
    expect((await act(client, (session) => session.flashes('notice'))).result).toEqual([]);
  });

  it('B-54 that is too large already may shrink, and not grow', async () => {
    const client = await deployed(app, { maxSessionSize: 5_000 }, async (larger) =>
      at(app, await visitor(larger, { a: bytes(2_000), b: bytes(2_000) })),
    );
    expect((await act(client, (session) => session.set('c', 1))).status).toBe(500);
    expect((await act(client, (session) => session.set('a', bytes(900)))).status).toBe(200);
    expect((await act(client, (session) => session.update('b', () => bytes(500)))).status).toBe(200);
    expect((await act(client, (session) => session.delete('b'))).status).toBe(200);
    expect((await act(client, (session) => session.set('c', 1))).status).toBe(200);
    expect((await seenBy(client)).data).toEqual({ a: bytes(900), c: 1 });
  });
});
