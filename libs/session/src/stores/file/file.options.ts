import { resolve } from 'node:path';
import { SessionConfigError } from '../../core/errors.js';

/** What survives a power failure or a crash of the machine. */
export type FsyncLevel = 'full' | 'data' | 'none';

export interface FileSessionStoreOptions {
  /**
   * Where the sessions are: a directory for nothing else, on a local disk, of the user that the application runs as. It
   * is made, with mode 0700, if the one above it is there. Any number of processes of one machine may share it.
   */
  directory: string;
  /**
   * What a power failure or a crash of the machine may take. A crash of the process takes nothing, at any level.
   *
   * - `'full'`: nothing that was acknowledged. File and directory are on the disk before a call returns; a touch is not
   *   waited for, since losing one only ends a session earlier.
   * - `'data'`: what happened in the last seconds, and that includes logouts: a session ended just before may be back.
   *   Each session is whole.
   * - `'none'`: the same, and sessions saved just before may be damaged, which is noticed and ends them.
   *
   * @default 'full', because a logout that comes undone is not one, and because reading, which is what most requests
   * do, costs the same at every level.
   */
  fsync?: FsyncLevel;
}

const LEVELS: readonly unknown[] = ['full', 'data', 'none'] satisfies FsyncLevel[];

/** The options with their defaults, and an absolute path. */
export function checkOptions(options: Partial<FileSessionStoreOptions> = {}): Required<FileSessionStoreOptions> {
  const { directory, fsync = 'full' } = options;
  if (process.platform === 'win32') {
    throw new SessionConfigError(
      'FileSessionStore needs the renames of a POSIX system, and this is Windows. Use another store here.',
    );
  }
  if (typeof directory !== 'string' || directory === '') {
    throw new SessionConfigError(
      `directory must be a path, as in new FileSessionStore({ directory: '/var/lib/shop/sessions' }), not ` +
        `${directory === '' ? 'empty' : String(directory)}.`,
    );
  }
  if (!LEVELS.includes(fsync)) {
    throw new SessionConfigError(`fsync must be 'full', 'data' or 'none', not ${String(fsync)}.`);
  }
  return { directory: resolve(directory), fsync };
}
