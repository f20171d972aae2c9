import { Module } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { SubscribeMessage, WebSocketGateway, WebSocketServer } from '@nestjs/websockets';
import { getSessionToken, MemorySessionStore, Session, SessionModule, SessionService } from 'nest-sessions';
import type { Server, ServerOptions } from 'socket.io';
import { io, type Socket } from 'socket.io-client';
import { act, ActionController, user } from '../support/actions.js';
import { RoomGateway } from '../support/room.gateway.js';
import { describeSockets } from '../support/sockets-app.js';
import { SOCKET_IO } from '../support/sockets.js';

@WebSocketGateway({ namespace: 'staff' })
class StaffGateway {
  @SubscribeMessage('whoami')
  whoami(@Session() session: Session) {
    return session.userId;
  }

  @SubscribeMessage('admin')
  admin(@Session({ name: 'admin' }) session: Session) {
    return session.userId ?? 'nobody';
  }
}

/** Another gateway of the main namespace. */
@WebSocketGateway()
class SecondGateway {
  @WebSocketServer()
  server!: Server;

  @SubscribeMessage('second')
  second(@Session() session: Session) {
    return session.userId;
  }
}

@Module({ imports: [SessionModule.forRoot(new MemorySessionStore(), { name: 'admin' })] })
class AdminModule {}

/** What a socket may do that lost its line is decided by the server. */
class RecoveringAdapter extends IoAdapter {
  override createIOServer(port: number): Server {
    return super.createIOServer(port, { connectionStateRecovery: {} } as ServerOptions) as Server;
  }
}

/** Connects, and comes again by itself. */
async function coming(url: string, cookie: string, namespace = '/'): Promise<Socket> {
  const socket = io(url + namespace, {
    transports: ['websocket'],
    extraHeaders: { cookie },
    forceNew: true,
    reconnectionDelay: 5,
    randomizationFactor: 0,
  });
  await new Promise<void>((resolve) => socket.once('connect', resolve));
  return socket;
}

describeSockets(
  'socket.io',
  {
    controllers: [ActionController],
    imports: [AdminModule],
    providers: [RoomGateway, StaffGateway, SecondGateway],
    options: {
      sockets: {
        revalidate: false,
        admit: ({ userId }, { namespace, request }) =>
          namespace !== '/staff' || (userId !== undefined && !!request.url),
      },
    },
    prepare: (app) => void app.useWebSocketAdapter(new RecoveringAdapter(app)),
  },
  (app) => {
    const opened: Socket[] = [];
    afterEach(() => opened.splice(0).forEach((socket) => socket.disconnect()));

    const connect = async (...how: Parameters<typeof coming>): Promise<Socket> => {
      const socket = await coming(...how);
      opened.push(socket);
      return socket;
    };

    it('works over polling', async () => {
      const socket = await app.connect(await user(app, 'ada'), { transports: ['polling'] });
      expect(await socket.ask('private')).toMatchObject({ data: 'ada' });
      await app.service.revokeAll('ada');
      expect(await socket.closed).toBe(app.kind.over);
    });

    it('acknowledges, for several gateways of one namespace', async () => {
      const socket = await connect(app.url, (await user(app, 'ada')).cookieHeader);
      expect(await socket.emitWithAck('second')).toBe('ada');
    });

    it('asks for each namespace', async () => {
      await expect(app.connect(undefined, { namespace: '/staff' })).rejects.toThrow(app.kind.refused);
      const socket = await connect(app.url, (await user(app, 'ada')).cookieHeader, '/staff');
      expect(await socket.emitWithAck('whoami')).toBe('ada');
      expect(await socket.emitWithAck('admin')).toBe('nobody');
    });

    it('named sessions have their own, and the end of one closes the socket of both', async () => {
      const admins = app.app.get<SessionService>(getSessionToken(SessionService, 'admin'));
      const socket = await connect(app.url, (await user(app, 'ada')).cookieHeader, '/staff');
      expect(await admins.revokeAll('ada')).toBe(0);
      const closed = new Promise((resolve) => socket.once('disconnect', resolve));
      await app.service.revokeAll('ada');
      expect(await closed).toBe(app.kind.over);
    });

    it('one namespace is all closed with the others on its line', async () => {
      const ada = await user(app, 'ada');
      const main = await connect(app.url, ada.cookieHeader);
      const staff = main.io.socket('/staff').connect();
      await new Promise<void>((resolve) => staff.once('connect', resolve));
      const closed = [main, staff].map((socket) => new Promise((resolve) => socket.once('disconnect', resolve)));
      await act(ada, (session) => session.logout());
      expect(await Promise.all(closed)).toEqual([app.kind.over, app.kind.over]);
    });

    it('a recovered socket is one of its session again', async () => {
      const ada = await user(app, 'ada');
      const socket = await connect(app.url, ada.cookieHeader);
      const news = new Promise((resolve) => socket.once('news', resolve));
      app.room.broadcast('what a client has seen is where it goes on from');
      await news;
      const again = new Promise<void>((resolve) => socket.once('connect', resolve));
      // The line is lost.
      app.app.get(SecondGateway).server.sockets.sockets.get(socket.id!)!.conn.close();
      await again;
      expect(socket.recovered).toBe(true);
      expect(await socket.emitWithAck('second')).toBe('ada');
      const closed = new Promise((resolve) => socket.once('disconnect', resolve));
      await app.service.revokeAll('ada');
      expect(await closed).toBe(app.kind.over);
    });
  },
  [
    [SOCKET_IO, 'express'],
    [SOCKET_IO, 'fastify'],
  ],
);
