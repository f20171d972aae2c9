import { CookieSessionStore } from 'nest-sessions/cookie';
import { act, user } from '../support/actions.js';
import { KEY } from '../support/cookie-app.js';
import { describeSockets, EACH, REVALIDATE } from '../support/sockets-app.js';

const MINUTE = 60_000;

describeSockets(
  'sessions in cookies',
  {
    options: { sockets: { revalidate: REVALIDATE } },
    source: (revocations) => new CookieSessionStore({ keys: KEY, revocations }),
  },
  (app) => {
    it('are read from the cookie of the handshake, and cannot be changed', async () => {
      const socket = await app.connect(await user(app, 'ada'));
      expect(await socket.ask('private')).toMatchObject({ data: 'ada' });
      for (const what of ['set', 'update', 'login']) {
        expect(await socket.ask('try', what)).toMatchObject({
          data: expect.stringMatching(/^SessionNoResponseError: /),
        });
      }
    });

    it('end by a message, and by what others do', async () => {
      const ada = await user(app, 'ada');
      const [socket, other] = [await app.connect(ada), await app.connect(ada)];
      expect(await socket.ask('logout')).toMatchObject({ data: 'bye' });
      expect(await Promise.all([socket.closed, other.closed])).toEqual([app.kind.over, app.kind.over]);
      expect((await act(ada, ({ isNew }) => isNew)).result).toBe(true);
    });

    it('end with their cookie: nobody can be given one that lives longer', async () => {
      const socket = await app.connect(await user(app, 'ada'));
      app.clock.advance(20 * MINUTE);
      expect(await socket.ask('private')).toMatchObject({ data: 'ada' });
      app.clock.advance(11 * MINUTE);
      expect(await socket.closed).toBe(app.kind.over);
    });

    it('end with their own cookie, and not with an older one of the same session', async () => {
      const ada = await user(app, 'ada');
      const older = await app.connect(ada);
      app.clock.advance(20 * MINUTE);
      await act(ada, (session) => session.set('note', 'x'));
      const younger = await app.connect(ada);
      app.clock.advance(11 * MINUTE);
      expect(await older.closed).toBe(app.kind.over);
      expect(await younger.ask('private')).toMatchObject({ data: 'ada' });
    });
  },
  EACH,
);
