import assert from 'node:assert/strict';
import { Controller, type INestApplication, Module, Post, UseGuards } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { MessageBody, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { MemorySessionStore, Session, SessionAuthGuard, SessionModule, SessionService } from 'nest-sessions';
import { io, type Socket } from 'socket.io-client';
import type { Surface } from '../surface.js';

interface Data {
  cart: string[];
}

@WebSocketGateway()
class CartGateway {
  @SubscribeMessage('cart')
  cart(@Session('cart') cart: string[] | undefined) {
    return cart ?? [];
  }

  @UseGuards(SessionAuthGuard)
  @SubscribeMessage('add')
  add(@Session() session: Session<Data>, @MessageBody() sku: string) {
    return session.update('cart', (cart = []) => [...cart, sku]);
  }
}

@Controller()
class LoginController {
  @Post('login')
  login(@Session() session: Session<Data>) {
    session.login('ada');
    session.set('cart', ['tea']);
  }
}

@Module({
  imports: [SessionModule.forRoot(new MemorySessionStore(), { cookie: { secure: false } })],
  controllers: [LoginController],
  providers: [CartGateway],
})
class SocketIoModule {}

export const surface: Surface = {
  name: 'WebSockets, socket.io',
  module: () => SocketIoModule,
  prepare: (app: INestApplication) => void app.useWebSocketAdapter(new IoAdapter(app)),
  async drive(url, app) {
    const stranger = await connect(url);
    const refused = new Promise<{ message: string }>((resolve) => stranger.once('exception', resolve));
    stranger.emit('add', 'cup');
    assert.equal((await refused).message, 'Unauthorized');

    const login = await fetch(`${url}/login`, { method: 'POST' });
    const cookie = login.headers
      .getSetCookie()
      .map((line) => line.split(';')[0])
      .join('; ');
    const socket = await connect(url, cookie);
    assert.deepEqual(await socket.emitWithAck('cart'), ['tea']);
    assert.deepEqual(await socket.emitWithAck('add', 'cup'), ['tea', 'cup']);
    assert.deepEqual(await socket.emitWithAck('cart'), ['tea', 'cup']);

    const closed = new Promise<string>((resolve) => socket.once('disconnect', resolve));
    assert.equal(await app.get(SessionService).revokeAll('ada'), 1);
    assert.equal(await closed, 'io server disconnect');
    assert.equal(stranger.connected, true);
    stranger.disconnect();
  },
};

function connect(url: string, cookie = ''): Promise<Socket> {
  const socket = io(url, { transports: ['websocket'], extraHeaders: { cookie }, forceNew: true, reconnection: false });
  return new Promise((resolve, reject) => {
    socket.once('connect', () => resolve(socket));
    socket.once('connect_error', reject);
  });
}
