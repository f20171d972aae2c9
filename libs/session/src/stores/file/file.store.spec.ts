import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { describeSessionStore } from '../../testing/store.contract.js';
import { FileSessionStore, type FsyncLevel } from './index.js';

const LEVELS: readonly FsyncLevel[] = ['full', 'data', 'none'];

for (const fsync of LEVELS) {
  describeSessionStore(
    `FileSessionStore, fsync '${fsync}',`,
    async () => {
      const directory = await mkdtemp(join(tmpdir(), 'nest-sessions-'));
      const close = () => rm(directory, { recursive: true, force: true });
      return { store: new FileSessionStore({ directory, fsync }), close };
    },
    { describe, it, beforeAll, afterAll },
  );
}
