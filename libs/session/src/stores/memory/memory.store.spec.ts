import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { describeSessionStore } from '../../testing/store.contract.js';
import { MemorySessionStore } from './memory.store.js';

describeSessionStore(
  'MemorySessionStore',
  async () => ({ store: new MemorySessionStore() }),
  { describe, it, beforeAll, afterAll },
  { without: ['pingable'] },
);
