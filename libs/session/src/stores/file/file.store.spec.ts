import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { openFileLab } from '../../../../../scripts/file.js';
import { describeSessionStore } from '../../testing/store.contract.js';
import { FileSessionStore } from './index.js';

describeSessionStore(
  'FileSessionStore',
  async () => {
    const lab = await openFileLab();
    const directory = lab.directory();
    return { store: new FileSessionStore({ directory }), directory, close: lab.close };
  },
  { describe, it, beforeAll, afterAll },
  { another: async ({ directory }) => ({ store: new FileSessionStore({ directory }) }) },
);
