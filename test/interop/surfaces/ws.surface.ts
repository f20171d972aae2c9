import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Controller, type INestApplication, Module, Post, UseGuards } from '@nestjs/common';
import { WsAdapter } from '@nestjs/platform-ws';
import { MessageBody, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { MemorySessionStore, Session, SessionAuthGuard, SessionModule, SessionService } from 'nest-sessions';
import { WebSocket } from 'ws';
import type { Surface } from '../surface.js';

interface Data {
  cart: string[];
}

@WebSocketGateway()
class CartGateway {
  @SubscribeMessage('cart')
  cart(@Session('cart') cart: string[] | undefined) {
    return { event: 'cart', data: cart ?? [] };
  }

  @UseGuards(SessionAuthGuard)
  @SubscribeMessage('add')
  async add(@Session() session: Session<Data>, @MessageBody() sku: string) {
    return { event: 'add', data: await session.update('cart', (cart = []) => [...cart, sku]) };
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
class WsModule {}

export const surface: Surface = {
  name: 'WebSockets, ws',
  module: () => WsModule,
  prepare: (app: INestApplication) => void app.useWebSocketAdapter(new WsAdapter(app)),
  async drive(url, app) {
    // Nest 11 does not tell clients of ws about exceptions, so the next answer has to show that there was none.
    const stranger = await connect(url);
    stranger.send(JSON.stringify({ event: 'add', data: 'cup' }));
    let answer = await ask(stranger, 'cart');
    if (answer.event === 'exception') {
      assert.match(JSON.stringify(answer.data), /Unauthorized/);
      answer = await ask(stranger, 'cart');
    }
    assert.deepEqual(answer, { event: 'cart', data: [] });

    const login = await fetch(`${url}/login`, { method: 'POST' });
    const cookie = login.headers
      .getSetCookie()
      .map((line) => line.split(';')[0])
      .join('; ');
    const socket = await connect(url, cookie);
    assert.deepEqual((await ask(socket, 'cart')).data, ['tea']);
    assert.deepEqual((await ask(socket, 'add', 'cup')).data, ['tea', 'cup']);
    assert.deepEqual((await ask(socket, 'cart')).data, ['tea', 'cup']);

    const closed = once(socket, 'close');
    assert.equal(await app.get(SessionService).revokeAll('ada'), 1);
    assert.equal((await closed)[0], 1008);
    assert.equal(stranger.readyState, WebSocket.OPEN);
    stranger.terminate();
  },
};

async function connect(url: string, cookie = ''): Promise<WebSocket> {
  const socket = new WebSocket(url.replace('http', 'ws'), { headers: { cookie } });
  await once(socket, 'open');
  return socket;
}

async function ask(socket: WebSocket, event: string, data?: unknown): Promise<{ event: string; data: unknown }> {
  const answered = once(socket, 'message');
  socket.send(JSON.stringify({ event, data }));
  return JSON.parse(String((await answered)[0]));
}
