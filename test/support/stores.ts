import { MemorySessionStore, type SessionStore } from 'nest-sessions';
import { TypeOrmSessionStore } from 'nest-sessions/typeorm';
import { openDatabase } from './postgres.js';

export interface OpenStore {
  readonly store: SessionStore;
  close(): Promise<void>;
}

/** Every store that the HTTP suites run on, by name. */
export const STORES: Record<string, () => Promise<OpenStore>> = {
  memory: async () => ({ store: new MemorySessionStore(), close: async () => {} }),
  postgres: async () => {
    const { close, dataSource } = await openDatabase();
    return { store: new TypeOrmSessionStore(dataSource), close };
  },
};
