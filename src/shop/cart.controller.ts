import { Body, Controller, Delete, Get, Param, Post } from '@nestjs/common';
import { Session } from 'nest-sessions';
import type { ShopSession } from '../shop.session.js';
import type { Outcome } from '../views/page.js';
import { SeeOther, ShowPage } from '../views/page.decorator.js';
import { addLine, type CartLine, type PricedCart, priceCart, removeLine } from './cart.js';
import { CartLinePipe } from './cart-line.pipe.js';
import { cartPage } from './cart.page.js';
import { findProduct } from './catalogue.js';

/** The cart lives in the session, so strangers have one too, and it is still there after they sign in. */
@Controller('cart')
export class CartController {
  @Get()
  @ShowPage(cartPage)
  show(@Session() session: Session<ShopSession>): PricedCart {
    return priceCart(session.get('cart') ?? []);
  }

  @Post()
  @SeeOther('/cart')
  async add(
    @Body(CartLinePipe) line: CartLine,
    @Session() session: Session<ShopSession>,
  ): Promise<PricedCart & Outcome> {
    // Atomic: of two tabs that add something in the same moment, neither undoes what the other did.
    const cart = await session.update('cart', (cart = []) => addLine(cart, line));
    return { message: `${line.qty} × ${nameOf(line.sku)} added to your cart.`, ...priceCart(cart) };
  }

  @Delete(':sku')
  @SeeOther('/cart')
  async remove(@Param('sku') sku: string, @Session() session: Session<ShopSession>): Promise<PricedCart & Outcome> {
    const cart = await session.update('cart', (cart = []) => removeLine(cart, sku));
    return { message: `${nameOf(sku)} removed from your cart.`, ...priceCart(cart) };
  }

  /** The same for forms, which know no DELETE. */
  @Post(':sku/remove')
  @SeeOther('/cart')
  removeByForm(@Param('sku') sku: string, @Session() session: Session<ShopSession>): Promise<PricedCart & Outcome> {
    return this.remove(sku, session);
  }
}

function nameOf(sku: string): string {
  return findProduct(sku)?.name ?? sku;
}
