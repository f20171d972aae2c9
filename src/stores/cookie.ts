import { CookieSessionStore } from 'nest-sessions/cookie';
import { nothingToClose, type OpenedStore } from './opened-store.js';

/** A shop of biscuits can live with a copied cookie that stays good; who cannot passes `revocations`. */
export async function openCookie(): Promise<OpenedStore> {
  return {
    // The key is the shop's secret, which the module passes on.
    store: new CookieSessionStore({ acceptReplayFor: '90d' }),
    imports: [],
    where: 'the cookies themselves, encrypted',
    close: nothingToClose,
  };
}
