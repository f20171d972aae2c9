import type { CartLine } from './shop/cart.js';

/** What the shop keeps in a session: `Session<ShopSession>` knows these fields and their types. */
export interface ShopSession {
  cart: CartLine[];
}
