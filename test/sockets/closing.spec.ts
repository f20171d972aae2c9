import { type EventEmitter, once } from 'node:events';
import { WebSocket } from 'ws';
import { act, user, visitor } from '../support/actions.js';
import { type TestApp, startApp } from '../support/app.js';
import { describeSockets, EACH, REVALIDATE, socketSettings } from '../support/sockets-app.js';
import { WS } from '../support/sockets.js';
import { counts } from '../support/use-app.js';

const MINUTE = 60_000;

/** What this process does is known by its events: nobody looks. */
describeSockets(
  'sockets are closed',
  { options: { sockets: { revalidate: false } } },
  (app) => {
    it.each([
      ['a logout', (session: { logout(): void }) => session.logout()],
      ['a destroy', (session: { destroy(): void }) => session.destroy()],
      ['a login as somebody else', (session: { login(user: string): void }) => session.login('eve')],
      ['a login as the same', (session: { login(user: string): void }) => session.login('ada')],
      ['a regenerate', (session: { regenerate(): void }) => session.regenerate()],
    ])('by %s in another request, at once', async (_what, action) => {
      const ada = await user(app, 'ada');
      const [one, other, bob] = await Promise.all([
        app.connect(ada),
        app.connect(ada),
        app.connect(await user(app, 'bob')),
      ]);
      await act(ada, action);
      expect(await one.closed).toBe(app.kind.over);
      expect(await other.closed).toBe(app.kind.over);
      expect(bob.isOpen).toBe(true);
    });

    it('I3 of a stranger who logs in: nobody who planted the token listens on', async () => {
      const guest = await visitor(app);
      const planted = await app.connect(guest.copy());
      await act(guest, (session) => session.login('ada'));
      expect(await planted.closed).toBe(app.kind.over);
      const socket = await app.connect(guest);
      expect(await socket.ask('private')).toMatchObject({ data: 'ada' });
    });

    it('when they are revoked, one or all of a user, though they only listen', async () => {
      const [desk, phone, bob] = await Promise.all(['ada', 'ada', 'bob'].map((name) => user(app, name)));
      const sockets = await Promise.all([desk, phone, bob].map((client) => app.connect(client)));
      const { result: id } = await act(desk!, (session) => session.id);
      expect(await app.service.revoke(id)).toBe(true);
      expect(await sockets[0]!.closed).toBe(app.kind.over);
      expect(sockets[1]!.isOpen).toBe(true);
      await app.service.revokeAll('ada');
      expect(await sockets[1]!.closed).toBe(app.kind.over);
      app.room.broadcast('for those who are left');
      expect(await sockets[2]!.next()).toEqual({ event: 'news', data: 'for those who are left' });
    });

    it.each(['logout', 'destroy'])('after a message that asks for %s has been answered', async (event) => {
      const ada = await user(app, 'ada');
      const [socket, other] = [await app.connect(ada), await app.connect(ada)];
      expect(await socket.ask(event)).toEqual({ event, data: 'bye' });
      expect(await socket.closed).toBe(app.kind.over);
      expect(await other.closed).toBe(app.kind.over);
      const { result } = await act(ada, ({ isNew }) => isNew);
      expect(result).toBe(true);
    });

    it('and a logout that could not be stored is not said to have succeeded', async () => {
      const ada = await user(app, 'ada');
      const socket = await app.connect(ada);
      app.calls.fault = (verb) => {
        if (verb === 'delete') throw new Error('down');
      };
      socket.send('logout');
      const first = await Promise.race([socket.closed, socket.next()]);
      expect(first).toBe(app.kind.over);
      expect(app.log).toContainEqual(expect.stringContaining("'logout' could not end the session"));
    });

    it('by nothing that happens to others, nor by their own changes', async () => {
      const [ada, guest] = [await user(app, 'ada'), await visitor(app)];
      const sockets = [await app.connect(ada), await app.connect(guest), await app.connect()];
      await act(ada, (session) => session.set('cart', ['tea']));
      await act(await user(app, 'ada'), (session) => session.logout());
      await sockets[0]!.ask('add', 'cup');
      expect(sockets.map(({ isOpen }) => isOpen)).toEqual([true, true, true]);
    });
  },
  EACH,
);

describeSockets(
  'sockets of sessions that other processes end',
  { options: { sockets: { revalidate: REVALIDATE } } },
  (app) => {
    let other: TestApp;

    beforeEach(async () => {
      const { clock } = app;
      other = await startApp({ ...socketSettings(app.kind), store: app.calls.store, clock });
    });
    afterEach(() => other.close());

    it('are closed though they only listen', async () => {
      const [ada, bob] = [await user(app, 'ada'), await user(app, 'bob')];
      const [listening, well] = [await app.connect(ada), await app.connect(bob)];
      await other.service.revokeAll('ada');
      expect(await listening.closed).toBe(app.kind.over);
      expect(well.isOpen).toBe(true);
    });

    it('are closed when they got another token', async () => {
      const ada = await user(app, 'ada');
      const listening = await app.connect(ada);
      const there = ada.copy();
      Object.assign(there, { url: other.url });
      await act(there, (session) => session.login('ada'));
      expect(await listening.closed).toBe(app.kind.over);
    });

    it('are closed when they expire', async () => {
      const listening = await app.connect(await user(app, 'ada'));
      app.clock.advance(31 * MINUTE);
      expect(await listening.closed).toBe(app.kind.over);
    });

    it('live on while the store is down, and no longer than they ever could', async () => {
      const listening = await app.connect(await user(app, 'ada'));
      let reads = 0;
      const looked = new Promise<void>((resolve) => {
        app.calls.fault = () => {
          if (++reads === 3) resolve();
          throw new Error('down');
        };
      });
      await looked;
      expect(listening.isOpen).toBe(true);
      app.clock.advance(12 * 60 * MINUTE);
      expect(await listening.closed).toBe(app.kind.over);
    });
  },
  EACH,
);

describeSockets(
  'a socket',
  { options: { sockets: { revalidate: false } } },
  (app) => {
    it('whose session ended elsewhere is refused at its next message, and closed', async () => {
      const ada = await user(app, 'ada');
      const socket = await app.connect(ada);
      const { result: id } = await act(ada, (session) => session.id);
      await app.calls.store.delete(id);
      expect(await socket.ask('private')).toMatchObject({ event: 'exception', data: { message: 'Unauthorized' } });
      expect(await socket.closed).toBe(app.kind.over);
    });
  },
  EACH,
);

describeSockets(
  'looking after sockets',
  { options: { sockets: { revalidate: REVALIDATE } } },
  (app) => {
    /** Resolves when there was time for some more looks. */
    const looks = async (): Promise<void> => {
      for (let nth = 0; nth < 3; nth++) await new Promise((resolve) => setTimeout(resolve, REVALIDATE * 1.25));
    };

    it('costs one read for all sockets of a session, none for strangers, and stops with the last', async () => {
      const ada = await user(app, 'ada');
      await app.connect();
      await looks();
      const sockets = await Promise.all([app.connect(ada), app.connect(ada), app.connect(ada)]);
      app.calls.reset();
      const looked = app.calls.hold('read');
      await looked.reached;
      looked.release();
      expect(app.calls.calls).toEqual(counts({ read: 1 }));
      await Promise.all(sockets.map((socket) => socket.close()));
      await looks();
      app.calls.reset();
      await looks();
      expect(app.calls.total).toBe(0);
    });
  },
  EACH,
);

describeSockets(
  'a client that does not close',
  { options: { sockets: { revalidate: false } } },
  (app) => {
    it('is not heard any more', async () => {
      const ada = await user(app, 'ada');
      const socket = new WebSocket(app.url.replace('http', 'ws'), { headers: { cookie: ada.cookieHeader } });
      await once(socket, 'open');
      // Keeps the library from answering the server's close.
      const { _receiver } = socket as unknown as { _receiver: EventEmitter };
      _receiver.removeAllListeners('conclude');
      const closing = once(_receiver, 'conclude');
      await app.service.revokeAll('ada');
      await closing;
      socket.send(JSON.stringify({ event: 'plain' }));
      // Whoever is heard gets an answer, and this one comes by the same way.
      const stranger = await app.connect();
      await stranger.ask('plain');
      expect(app.room.handled).toBe(1);
      socket.terminate();
    });
  },
  [[WS, 'express']],
);
