import { UseGuards } from '@nestjs/common';
import {
  ConnectedSocket,
  MessageBody,
  type OnGatewayConnection,
  SubscribeMessage,
  WebSocketGateway,
  WebSocketServer,
} from '@nestjs/websockets';
import { Session, SessionAuthGuard, SessionService, type SocketLike } from 'nest-sessions';
import { Barrier } from './barrier.js';

export interface RoomData {
  cart: string[];
  note: string;
}

/** What handlers of messages do with sessions, one of each. */
@WebSocketGateway()
export class RoomGateway implements OnGatewayConnection {
  /** What `handleConnection` saw, in order. */
  readonly greeted: (string | undefined)[] = [];
  /** Messages 'plain'. */
  handled = 0;
  /** Holds the handler of 'slow'. */
  barrier = new Barrier();

  @WebSocketServer()
  server!: { emit(event: string, data: unknown): void; clients?: Set<{ send(text: string): void }> };

  constructor(private readonly service: SessionService) {}

  async handleConnection(client: SocketLike) {
    this.greeted.push((await this.service.of<RoomData>(client)).userId);
  }

  @SubscribeMessage('who')
  who(@Session() session: Session<RoomData>) {
    const { id, isNew, userId } = session;
    return { event: 'who', data: { userId, isNew, cart: session.get('cart'), id: isNew ? undefined : id } };
  }

  @SubscribeMessage('cart')
  cart(@Session('cart') cart: string[] | undefined) {
    return { event: 'cart', data: cart ?? [] };
  }

  @UseGuards(SessionAuthGuard)
  @SubscribeMessage('private')
  private(@Session() session: Session<RoomData>) {
    return { event: 'private', data: session.userId };
  }

  @SubscribeMessage('same')
  async same(@Session() session: Session<RoomData>, @ConnectedSocket() client: SocketLike) {
    const others = await Promise.all([this.service.current<RoomData>(), this.service.of<RoomData>(client)]);
    return { event: 'same', data: others.every((other) => other === session) };
  }

  @SubscribeMessage('add')
  async add(@Session() session: Session<RoomData>, @MessageBody() sku: string) {
    return { event: 'add', data: await session.update('cart', (cart = []) => [...cart, sku]) };
  }

  @SubscribeMessage('note')
  async note(@Session() session: Session<RoomData>, @MessageBody() note: string) {
    session.set('note', note);
    await session.save();
    return { event: 'note', data: note };
  }

  @SubscribeMessage('forgetful')
  forgetful(@Session() session: Session<RoomData>, @MessageBody() note: string) {
    session.set('note', note);
    return { event: 'forgetful', data: note };
  }

  @SubscribeMessage('slow')
  async slow(@Session() session: Session<RoomData>, @MessageBody() note: string) {
    await this.barrier.pass();
    session.set('note', note);
    await session.save();
    return { event: 'slow', data: note };
  }

  @SubscribeMessage('try')
  async try(@Session() session: Session<RoomData>, @MessageBody() what: 'login' | 'regenerate' | 'set' | 'update') {
    const attempts = {
      login: async () => session.login('eve'),
      regenerate: async () => session.regenerate(),
      set: async () => session.set('note', 'x'),
      update: async () => session.update('note', () => 'x'),
    };
    const error: unknown = await attempts[what]().catch((reason: unknown) => reason);
    return { event: 'try', data: `${(error as Error).name}: ${(error as Error).message}` };
  }

  @SubscribeMessage('logout')
  logout(@Session() session: Session<RoomData>) {
    session.logout();
    return { event: 'logout', data: 'bye' };
  }

  @SubscribeMessage('destroy')
  async destroy(@Session() session: Session<RoomData>) {
    session.destroy();
    await session.save();
    return { event: 'destroy', data: 'bye' };
  }

  /** Knows of no session. */
  @SubscribeMessage('plain')
  plain() {
    this.handled++;
    return { event: 'plain', data: 'ok' };
  }

  /** To everybody who listens. */
  broadcast(data: string): void {
    if (this.server.clients)
      for (const client of this.server.clients) client.send(JSON.stringify({ event: 'news', data }));
    else this.server.emit('news', data);
  }
}
