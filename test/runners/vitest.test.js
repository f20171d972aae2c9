// @ts-check
// The store contract under Vitest, as an application without Jest has it: from the built package.
import { afterAll, beforeAll, describe, it } from 'vitest';
import { MemorySessionStore } from 'nest-sessions';
import { describeSessionStore } from 'nest-sessions/testing';

describeSessionStore(
  'MemorySessionStore',
  async () => ({ store: new MemorySessionStore() }),
  { describe, it, beforeAll, afterAll },
  { without: process.env['BOASTING'] ? [] : ['pingable'] },
);
