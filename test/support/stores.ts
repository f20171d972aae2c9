import { MemorySessionStore, type SessionStore } from 'nest-sessions';
import { TypeOrmSessionStore } from 'nest-sessions/typeorm';
import type { Platform } from './platforms.js';
import { openDatabase } from './postgres.js';

export interface OpenStore {
  readonly store: SessionStore;
  close(): Promise<void>;
}

/** What a suite runs on: a store, and the framework below Nest, Express unless it says otherwise. */
export interface Ground {
  (): Promise<OpenStore>;
  readonly platform?: Platform;
}

/** Every store that the HTTP suites run on, by name. */
export const STORES: Record<string, Ground> = {
  memory: async () => ({ store: new MemorySessionStore(), close: async () => {} }),
  postgres: async () => {
    const { close, dataSource } = await openDatabase();
    return { store: new TypeOrmSessionStore(dataSource), close };
  },
};

/** The stores, and Fastify: for what frameworks do in ways of their own. One store is enough to see it. */
export const GROUNDS: Record<string, Ground> = {
  ...STORES,
  'memory, Fastify': Object.assign(() => STORES['memory']!(), { platform: 'fastify' as const }),
};
