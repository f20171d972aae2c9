import { UseGuards } from '@nestjs/common';
import { Args, Mutation, Query, Resolver } from '@nestjs/graphql';
import { Session, SessionAuthGuard } from 'nest-sessions';

interface ShopSession {
  cart: string[];
}

@Resolver()
export class CartResolver {
  @Query(() => [String])
  cart(@Session('cart') cart: string[] | undefined) {
    return cart ?? [];
  }

  @Mutation(() => [String])
  addToCart(@Session() session: Session<ShopSession>, @Args('sku') sku: string) {
    return session.update('cart', (cart = []) => [...cart, sku]);
  }

  @Mutation(() => Boolean)
  signIn(@Session() session: Session<ShopSession>, @Args('email') email: string) {
    session.login(email); // after you have checked a password: sends the cookie with a new token
    return true;
  }

  @Mutation(() => Boolean)
  @UseGuards(SessionAuthGuard)
  signOut(@Session() session: Session<ShopSession>) {
    session.logout();
    return true;
  }
}
