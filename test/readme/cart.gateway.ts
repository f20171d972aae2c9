import { UseGuards } from '@nestjs/common';
import { MessageBody, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { Session, SessionAuthGuard, SessionService, type SocketLike } from 'nest-sessions';

type ShopSession = { cart: string[]; note: string };

@WebSocketGateway()
@UseGuards(SessionAuthGuard) // an `exception` 'Unauthorized' for strangers
export class CartGateway {
  constructor(private readonly sessions: SessionService) {}

  @SubscribeMessage('cart')
  cart(@Session('cart') cart: string[] = []) {
    return { event: 'cart', data: cart };
  }

  @SubscribeMessage('add')
  async add(@Session() session: Session<ShopSession>, @MessageBody() sku: string) {
    const cart = await session.update('cart', (cart = []) => [...cart, sku]); // atomic, and stored
    return { event: 'cart', data: cart };
  }

  @SubscribeMessage('note')
  async note(@Session() session: Session<ShopSession>, @MessageBody() note: string) {
    session.set('note', note);
    await session.save(); // without a response nobody else does it
  }

  async handleConnection(client: SocketLike) {
    const session = await this.sessions.of<ShopSession>(client);
    console.log(session.userId ?? 'a stranger', 'is here');
  }
}
