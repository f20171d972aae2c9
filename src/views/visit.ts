import type { Request } from 'express';
import type { Session } from 'nest-sessions';
import { countItems } from '../shop/cart.js';
import type { ShopSession } from '../shop.session.js';

/** What every page shows of its visitor. */
export interface Visit {
  /** The shop's address, as the visitor's browser sees it. */
  readonly host: string;
  readonly path: string;
  readonly user: string | undefined;
  /** How many things are in the cart. */
  readonly items: number;
  readonly notices: readonly string[];
}

/** Without a session, if it could not be read, everybody is a stranger. */
export function visitOf({ host, path }: Request, session?: Session<ShopSession>): Visit {
  return { host, path, user: session?.userId, items: countItems(session?.get('cart') ?? []), notices: [] };
}
