import session from 'express-session';
import createMemoryStore from 'memorystore';
import { ExpressSessionStore } from 'nest-sessions/express';
import { nothingToClose, type OpenedStore } from './opened-store.js';

/** Any store made for express-session would do; this one needs no server. */
export async function openExpress(): Promise<OpenedStore> {
  const MemoryStore = createMemoryStore(session);
  return {
    store: new ExpressSessionStore(new MemoryStore({})),
    imports: [],
    where: 'memory, by the "memorystore" package for express-session: gone when this ends',
    close: nothingToClose,
  };
}
