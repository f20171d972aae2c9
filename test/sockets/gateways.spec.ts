import {
  type CallHandler,
  Catch,
  type ExceptionFilter,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
  type PipeTransform,
  UseFilters,
  UseInterceptors,
} from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { MessageBody, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { Public, Session, SessionAuthGuard, SessionService, type SocketLike } from 'nest-sessions';
import { concatMap, interval, map, take } from 'rxjs';
import type { Server } from 'socket.io';
import { act, ActionController, user } from '../support/actions.js';
import { startApp } from '../support/app.js';
import { Barrier } from '../support/barrier.js';
import { watchCrashes } from '../support/crashes.js';
import { describeSockets, EACH, socketSettings } from '../support/sockets-app.js';
import { SOCKET_IO } from '../support/sockets.js';

const SETTINGS = { options: { sockets: { revalidate: false as const } }, controllers: [ActionController] };

/** Whose messages the interceptor saw. */
const seen: (string | undefined)[] = [];

/** Told by the filter, which answers nothing. */
let filtered: (userId: string | undefined) => void;

@Catch()
class Filter implements ExceptionFilter {
  constructor(private readonly service: SessionService) {}

  async catch() {
    filtered((await this.service.current()).userId);
  }
}

@Injectable()
class Interceptor implements NestInterceptor {
  constructor(private readonly service: SessionService) {}

  intercept(_context: ExecutionContext, next: CallHandler) {
    return next.handle().pipe(
      concatMap(async (answer: unknown) => {
        seen.push((await this.service.current()).userId);
        return answer;
      }),
    );
  }
}

@Injectable()
class Pipe implements PipeTransform {
  constructor(private readonly service: SessionService) {}

  async transform(value: unknown) {
    return [value, (await this.service.current()).userId];
  }
}

let barrier: Barrier;

@WebSocketGateway()
class SurroundedGateway {
  constructor(private readonly service: SessionService) {}

  @Public()
  @SubscribeMessage('open')
  open(@Session() session: Session) {
    return { event: 'open', data: session.userId ?? 'a stranger' };
  }

  @SubscribeMessage('shut')
  shut(@Session() session: Session) {
    return { event: 'shut', data: session.userId };
  }

  @UseInterceptors(Interceptor)
  @SubscribeMessage('piped')
  piped(@MessageBody(Pipe) data: unknown) {
    return { event: 'piped', data };
  }

  @UseFilters(Filter)
  @SubscribeMessage('failing')
  failing() {
    throw new Error('a mistake');
  }

  @SubscribeMessage('meet')
  async meet() {
    await barrier.pass();
    return { event: 'meet', data: (await this.service.current()).userId };
  }

  @SubscribeMessage('stream')
  stream() {
    return interval(1).pipe(
      take(2),
      map((data) => ({ event: 'stream', data })),
    );
  }
}

describeSockets(
  'what stands around a handler',
  { ...SETTINGS, providers: [SurroundedGateway, Filter, Interceptor, Pipe] },
  (app) => {
    watchCrashes();

    it('pipes, interceptors and filters find the session of the message', async () => {
      const socket = await app.connect(await user(app, 'ada'));
      expect(await socket.ask('piped', 1)).toEqual({ event: 'piped', data: [1, 'ada'] });
      expect(seen.splice(0)).toEqual(['ada']);
      const caught = new Promise((resolve) => (filtered = resolve));
      socket.send('failing');
      expect(await caught).toBe('ada');
    });

    it('B-14 messages that meet each find their own', async () => {
      const [ada, bob] = [await app.connect(await user(app, 'ada')), await app.connect(await user(app, 'bob'))];
      barrier = new Barrier();
      const answers = Promise.all([ada.ask('meet'), bob.ask('meet')]);
      await barrier.arrived(2);
      barrier.open();
      expect(await answers).toMatchObject([{ data: 'ada' }, { data: 'bob' }]);
    });

    it('every answer of a stream is sent', async () => {
      const socket = await app.connect(await user(app, 'ada'));
      expect([await socket.ask('stream'), await socket.next()]).toMatchObject([{ data: 0 }, { data: 1 }]);
    });
  },
  EACH,
);

describeSockets(
  'a guard for all',
  {
    ...SETTINGS,
    providers: [SurroundedGateway, Filter, Interceptor, Pipe, { provide: APP_GUARD, useClass: SessionAuthGuard }],
  },
  (app) => {
    it('stands before gateways too, but for what is public', async () => {
      const socket = await app.connect();
      expect(await socket.ask('open')).toMatchObject({ data: 'a stranger' });
      expect(await socket.ask('shut')).toMatchObject({ event: 'exception', data: { message: 'Unauthorized' } });
    });
  },
  EACH,
);

/** What socket.io tells, it tells at once, so that what a listener throws is thrown where the socket is closed. */
@WebSocketGateway()
class CarelessGateway {
  handleConnection(client: { once(event: string, listener: () => void): void }) {
    client.once('disconnecting', () => {
      throw new Error('a mistake');
    });
  }
}

describeSockets(
  'a listener that throws when its socket is closed',
  { ...SETTINGS, providers: [CarelessGateway] },
  (app) => {
    it('C-7 keeps no socket of the session open', async () => {
      const ada = await user(app, 'ada');
      const sockets = await Promise.all([app.connect(ada), app.connect(ada)]);
      await act(ada, (session) => session.logout());
      await Promise.all(sockets.map(({ closed }) => closed));
    });
  },
  [[SOCKET_IO, 'express']],
);

@WebSocketGateway()
class PresenceGateway {
  readonly told: string[] = [];

  handleConnection() {
    this.told.push('came');
  }

  handleDisconnect() {
    this.told.push('went');
  }
}

/** An application with middleware of its own, which takes its time. */
class SlowAdapter extends IoAdapter {
  readonly barrier = new Barrier();

  override bindClientConnect(server: Server, callback: (...args: unknown[]) => void): void {
    server.use(async (_socket, next) => {
      await this.barrier.pass();
      next();
    });
    super.bindClientConnect(server, callback);
  }
}

let slow: SlowAdapter;

describeSockets(
  'a session that ends between the handshake and its socket',
  {
    ...SETTINGS,
    providers: [PresenceGateway],
    prepare: (app) => void app.useWebSocketAdapter((slow = new SlowAdapter(app))),
  },
  (app) => {
    it('is nobody whom a gateway would wait for to go', async () => {
      const ada = await user(app, 'ada');
      const coming = app
        .connect(ada)
        .then(({ closed }) => closed)
        .catch(() => {});
      await slow.barrier.arrived(1);
      await act(ada, (session) => session.logout());
      slow.barrier.open();
      await coming;
      expect(app.app.get(PresenceGateway).told).toEqual([]);
    });
  },
  [[SOCKET_IO, 'express']],
);

@WebSocketGateway()
class KeepingGateway {
  socket!: SocketLike;

  handleConnection(socket: SocketLike) {
    this.socket = socket;
  }
}

describeSockets(
  'a socket of another application',
  { ...SETTINGS, providers: [KeepingGateway] },
  (app) => {
    it('is told apart', async () => {
      const other = await startApp(socketSettings(app.kind));
      await app.connect(await user(app, 'ada'));
      const { socket } = app.app.get(KeepingGateway);
      expect((await app.service.of(socket)).userId).toBe('ada');
      await expect(other.service.of(socket)).rejects.toThrow(
        expect.objectContaining({ name: 'SessionModuleMissingError', message: expect.stringMatching(/another appl/) }),
      );
      await other.close();
    });
  },
  EACH,
);
