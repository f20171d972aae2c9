import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { openFileLab } from '../../../../../scripts/file.js';
import { describeSessionStore } from '../../testing/store.contract.js';
import { FileSessionStore } from './index.js';

describeSessionStore(
  'FileSessionStore',
  async () => {
    const { close, directory } = await openFileLab();
    return { store: new FileSessionStore({ directory: directory() }), close };
  },
  { describe, it, beforeAll, afterAll },
);
