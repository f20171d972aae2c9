import { ActionController } from './actions.js';
import type { TestApp, TestAppSettings } from './app.js';
import type { Client } from './client.js';
import type { Platform } from './platforms.js';
import { RoomGateway } from './room.gateway.js';
import { SOCKET_IO, type SocketKind, type TestSocket, WS } from './sockets.js';
import { STORES } from './stores.js';
import { useApp } from './use-app.js';

/** Often enough for tests, which wait for it. Milliseconds. */
export const REVALIDATE = 20;

export interface SocketSuite extends TestApp {
  readonly kind: SocketKind;
  readonly room: RoomGateway;
  /** A socket with the cookies of a client, or a stranger's. Closed after the test. */
  connect(client?: Client, options?: Parameters<SocketKind['connect']>[2]): Promise<TestSocket>;
}

/** What a module is set up with for `kind`. */
export function socketSettings(kind: SocketKind): Omit<TestAppSettings, 'store'> {
  return { controllers: [ActionController], providers: [RoomGateway], prepare: (app) => kind.adapt(app) };
}

/** A suite that runs over socket.io and over ws, on Express and on Fastify. */
export function describeSockets(
  title: string,
  settings: Partial<TestAppSettings>,
  suite: (app: SocketSuite) => void,
  grounds: readonly (readonly [SocketKind, Platform])[] = GROUNDS,
): void {
  describe.each(grounds.map(([kind, platform]) => ({ kind, platform, on: `${kind.name}, ${platform}` })))(
    `${title} over $on`,
    ({ kind, platform }) => {
      const ground = Object.assign(() => STORES['memory']!(), { platform });
      const app = useApp(ground, { ...socketSettings(kind), ...settings }) as SocketSuite;
      const opened: TestSocket[] = [];
      Object.assign(app, {
        kind,
        connect: async (client?: Client, options?: Parameters<SocketKind['connect']>[2]) => {
          const socket = await kind.connect(app.url, client?.cookieHeader ?? '', options);
          opened.push(socket);
          return socket;
        },
      });
      Object.defineProperty(app, 'room', { get: () => app.app.get(RoomGateway, { strict: false }) });
      afterEach(async () => {
        for (const socket of opened.splice(0)) await socket.close();
      });

      suite(app);
    },
  );
}

/** Each library and each framework once: where it is not about handlers, they do not depend on each other. */
export const EACH = [
  [SOCKET_IO, 'express'],
  [WS, 'fastify'],
] as const;

const GROUNDS = [
  [SOCKET_IO, 'express'],
  [SOCKET_IO, 'fastify'],
  [WS, 'express'],
  [WS, 'fastify'],
] as const;
