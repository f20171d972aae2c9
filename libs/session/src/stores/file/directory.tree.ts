import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import fs from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { SessionConfigError } from '../../core/errors.js';
import { codeOf, unless } from './file.errors.js';
import type { FsyncLevel } from './file.options.js';

export type Kind = 'sessions' | 'users';

export const FILE_MODE = 0o600;
export const FOLDER_MODE = 0o700;

/**
 * The directories: `sessions/ab/c/<hash>` has the files of one session, `users/ab/c/<hash>` those of one user. What is
 * hashed is the id: whatever arrives, the name is 64 hexadecimal digits, and ids that differ in case stay two on file
 * systems that ignore case (CVE-2024-3400, CVE-2018-12538).
 *
 * 4,096 directories on the way, because it is the number in a session's own folder that has to stay small, and each
 * costs a block.
 */
export class DirectoryTree {
  readonly quarantine: string;
  /** Directories on the way that are known to be directories, and known to be on the disk. */
  readonly #checked = new Set<string>();
  readonly #made = new Set<string>();

  constructor(
    readonly root: string,
    readonly fsync: FsyncLevel,
  ) {
    this.quarantine = join(root, 'quarantine');
  }

  folderOf(kind: Kind, hash: string): string {
    return join(this.root, kind, hash.slice(0, 2), hash.slice(2, 3), hash);
  }

  /** Makes what the store needs in its root, which is there. */
  async plant(): Promise<void> {
    for (const name of ['sessions', 'users', 'quarantine']) await this.make(join(this.root, name));
  }

  /**
   * Makes a folder, and the directories that lead to it. Never the root: where a disk is not mounted, nothing is written.
   * `false`: it is there already.
   */
  async makeFolder(folder: string): Promise<boolean> {
    const way = dirname(folder);
    for (;;) {
      const known = this.#made.has(way);
      try {
        if (!known) await this.#makeWay(way);
        await fs.mkdir(folder, { mode: FOLDER_MODE });
        return true;
      } catch (error) {
        if (codeOf(error) === 'EEXIST') return false;
        if (codeOf(error) !== 'ENOENT' || !known) throw error;
        this.#made.delete(way); // somebody has emptied the tree under us
      }
    }
  }

  async #makeWay(way: string): Promise<void> {
    await this.make(dirname(way));
    await this.make(way);
    this.#made.add(way);
  }

  /** Makes a directory, and sees to it that it is still there after a crash, whoever made it. */
  async make(directory: string): Promise<void> {
    await unless(['EEXIST'], fs.mkdir(directory, { mode: FOLDER_MODE }));
    await refuseLink(directory);
    await this.persist(dirname(directory));
  }

  /**
   * The names in a folder, or `undefined` if there is none. A symbolic link, here or on the way here, is refused: it
   * was not us who made it.
   *
   * @throws if the tree itself is not there, lest everybody be logged out by a disk that was not mounted.
   */
  async list(folder: string): Promise<string[] | undefined> {
    const found = await unless(
      ['ENOENT'],
      this.#checkWayTo(folder).then(() => Promise.all([fs.readdir(folder), refuseLink(folder)])),
    );
    if (!found) await fs.lstat(join(this.root, 'sessions'));
    return found?.[0];
  }

  async #checkWayTo(folder: string): Promise<void> {
    const way = dirname(folder);
    if (this.#checked.has(way)) return;
    await refuseLink(dirname(way));
    await refuseLink(way);
    this.#checked.add(way);
  }

  /** Sees to it that there is an empty file of this name: that it is there is all it says. */
  async mark(path: string): Promise<void> {
    await unless(['EEXIST'], this.write(path, ''));
  }

  /** Writes a new file. `wx` is O_EXCL: it overwrites nothing and follows no link. */
  async write(path: string, text: string): Promise<void> {
    await fs.writeFile(path, text, { flag: 'wx', mode: FILE_MODE, flush: text !== '' && this.fsync !== 'none' });
  }

  /** What has been named, renamed and removed in a directory stays so after a crash, if the level asks for it. */
  async persist(directory: string): Promise<void> {
    if (this.fsync !== 'full') return;
    const handle = await fs.open(directory, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
}

export function hashOf(id: string): string {
  return createHash('sha256').update(id).digest('hex');
}

async function refuseLink(path: string): Promise<void> {
  if ((await fs.lstat(path)).isSymbolicLink()) {
    throw new SessionConfigError(
      `${path} is a symbolic link, which FileSessionStore does not follow. Find out who made it; remove it.`,
    );
  }
}
