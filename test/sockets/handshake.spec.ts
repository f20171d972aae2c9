import type { SessionStore } from 'nest-sessions';
import { once } from 'node:events';
import { connect } from 'node:net';
import { act, begin, user, visitor } from '../support/actions.js';
import { type TestApp, startApp } from '../support/app.js';
import { Barrier } from '../support/barrier.js';
import { watchCrashes } from '../support/crashes.js';
import { describeSockets, EACH, socketSettings } from '../support/sockets-app.js';
import { WS } from '../support/sockets.js';
import { counts } from '../support/use-app.js';

const LOGGED_IN = { sockets: { admit: ({ userId }: { userId?: string }) => userId !== undefined } };

describeSockets(
  'a handshake',
  {},
  (app) => {
    it('costs one read with a token, and none without', async () => {
      const ada = await user(app, 'ada');
      app.calls.reset();
      const socket = await app.connect(ada);
      await socket.ask('plain');
      // handleConnection asks too, and finds what was read already.
      expect(app.calls.calls).toEqual(counts({ read: 1 }));
      app.calls.reset();
      await (await app.connect()).ask('plain');
      expect(app.calls.total).toBe(0);
    });

    it('while the store is down is one to repeat, and strangers get in', async () => {
      const ada = await user(app, 'ada');
      app.calls.fault = () => {
        throw new Error('down');
      };
      await expect(app.connect(ada)).rejects.toThrow(app.kind.later);
      expect(await (await app.connect()).ask('plain')).toMatchObject({ data: 'ok' });
    });

    it('that a login overtakes is one to repeat with the new cookie', async () => {
      const guest = await visitor(app);
      const before = guest.copy();
      await act(guest, (session) => session.login('ada'));
      await expect(app.connect(before)).rejects.toThrow(app.kind.later);
      app.clock.advance(31_000);
      expect(await (await app.connect(before)).ask('who')).toMatchObject({ data: { isNew: true } });
      expect(await (await app.connect(guest)).ask('private')).toMatchObject({ data: 'ada' });
    });

    it('does not wait for a request of the same session', async () => {
      const ada = await user(app, 'ada');
      const slow = await begin(ada, (session) => session.set('cart', ['tea']));
      const socket = await app.connect(ada);
      await slow.finish();
      expect(await socket.ask('cart')).toMatchObject({ data: ['tea'] });
    });
  },
  EACH,
);

describeSockets(
  'a store that fails right after a handshake',
  { options: { sockets: { revalidate: false } } },
  (app) => {
    watchCrashes();

    it('does not end the process: nobody catches what handleConnection throws', async () => {
      const ada = await user(app, 'ada');
      let reads = 0;
      app.calls.fault = () => {
        if (++reads > 1) throw new Error('down');
      };
      const socket = await app.connect(ada);
      expect(await socket.ask('plain')).toMatchObject({ data: 'ok' });
      expect(app.room.greeted).toEqual(['ada']);
      expect(await socket.ask('private')).toMatchObject({ event: 'exception' });
    });
  },
  EACH,
);

describeSockets(
  'a module that takes everybody for a stranger while the store is down',
  { options: { onStoreError: 'anonymous', ...LOGGED_IN } },
  (app) => {
    it('and admits users alone tells them to come again', async () => {
      const ada = await user(app, 'ada');
      app.calls.fault = () => {
        throw new Error('down');
      };
      await expect(app.connect(ada)).rejects.toThrow(app.kind.later);
      await expect(app.connect()).rejects.toThrow(app.kind.refused);
    });
  },
  EACH,
);

describeSockets(
  'a module that admits users alone',
  { options: LOGGED_IN },
  (app) => {
    it('lets them in, and refuses strangers at the handshake', async () => {
      expect(await (await app.connect(await user(app, 'ada'))).ask('private')).toMatchObject({ data: 'ada' });
      await expect(app.connect()).rejects.toThrow(app.kind.refused);
      await expect(app.connect(await visitor(app))).rejects.toThrow(app.kind.refused);
    });

    it('refuses them as well when what decides throws, and says so', async () => {
      const next: TestApp = await startApp({
        ...socketSettings(app.kind),
        options: {
          sockets: {
            admit: () => {
              throw new Error('a mistake');
            },
          },
        },
      });
      await expect(app.kind.connect(next.url, '')).rejects.toThrow(app.kind.refused);
      expect(next.log).toEqual([expect.stringContaining('sockets.admit threw')]);
      await next.close();
    });
  },
  EACH,
);

describeSockets(
  'loading lazily',
  { options: { load: 'lazy' } },
  (app) => {
    it('is the same', async () => {
      const ada = await user(app, 'ada');
      const socket = await app.connect(ada);
      expect(await socket.ask('private')).toMatchObject({ data: 'ada' });
      expect(await socket.ask('same')).toMatchObject({ data: true });
      await socket.ask('add', 'tea');
      expect(await socket.ask('logout')).toMatchObject({ data: 'bye' });
      expect(await socket.closed).toBe(app.kind.over);
    });
  },
  EACH,
);

describeSockets(
  'an application that does not look after sockets',
  { options: { sockets: { revalidate: false } } },
  (app) => {
    it('closes with sockets connected', async () => {
      const next = await startApp(socketSettings(app.kind));
      const client = next.client();
      await act(client, (session) => session.login('ada'));
      const socket = await app.kind.connect(next.url, client.cookieHeader);
      await next.close();
      await socket.closed;
    });
  },
  EACH,
);

describeSockets(
  'a client that gives up during its handshake',
  {},
  (app) => {
    watchCrashes();

    it('leaves nothing behind', async () => {
      const ada = await user(app, 'ada');
      const { release, reached } = app.calls.hold('read');
      const line = connect(app.port, '127.0.0.1');
      line.write(
        'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
          `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nCookie: ${ada.cookieHeader}\r\n\r\n`,
      );
      await reached;
      line.resetAndDestroy();
      await once(line, 'close');
      release();
      expect(await (await app.connect(ada)).ask('private')).toMatchObject({ data: 'ada' });
      expect(app.room.greeted.at(-1)).toBe('ada');
    });
  },
  [
    [WS, 'express'],
    [WS, 'fastify'],
  ],
);

/** Holds what was read before it is told. */
let late: Barrier | undefined;

function telling(store: SessionStore): SessionStore {
  return new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function' || name === 'constructor') return value;
      return async (...args: unknown[]) => {
        const result: unknown = await value.apply(target, args);
        if (name === 'read') await late?.pass();
        return result;
      };
    },
  });
}

describeSockets(
  'a session',
  { source: telling, options: { sockets: { revalidate: false } } },
  (app) => {
    it('that ends while a handshake has it in hand leaves no socket', async () => {
      const ada = await user(app, 'ada');
      late = new Barrier();
      const refused = expect(app.connect(ada)).rejects.toThrow(app.kind.later);
      await late.arrived(1);
      await app.service.revokeAll('ada');
      late.open();
      await refused;
      late = undefined;
    });
  },
  EACH,
);
