// @ts-check
// The store contract under Node's own test runner, as an application without Jest has it: from the built package.
import { after, before, describe, it } from 'node:test';
import { MemorySessionStore } from 'nest-sessions';
import { describeSessionStore } from 'nest-sessions/testing';

describeSessionStore(
  'MemorySessionStore',
  async () => ({ store: new MemorySessionStore() }),
  { describe, it, before, after },
  { without: process.env['BOASTING'] ? [] : ['pingable'] },
);
