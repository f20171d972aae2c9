import { Body, Controller, Get, Module, Post, UseGuards } from '@nestjs/common';
import { MemorySessionStore, Session, SessionAuthGuard, SessionModule } from 'nest-sessions';

type ShopSession = { cart: string[] };

@Controller()
class ShopController {
  @Post('cart')
  add(@Session() session: Session<ShopSession>, @Body('sku') sku: string) {
    return session.update('cart', (cart = []) => [...cart, sku]); // atomic: two tabs add two items
  }

  @Post('login')
  login(@Session() session: Session<ShopSession>, @Body('user') user: string) {
    session.login(user); // a new token for the same session: the cart stays, a planted token does not
  }

  @Get('profile')
  @UseGuards(SessionAuthGuard) // 401 for strangers
  profile(@Session() session: Session<ShopSession>) {
    return { user: session.userId, cart: session.get('cart') };
  }
}

@Module({ imports: [SessionModule.forRoot(new MemorySessionStore())], controllers: [ShopController] })
export class AppModule {}
