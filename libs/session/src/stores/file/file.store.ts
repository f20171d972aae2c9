import type { SessionRecord } from '../../core/record.js';
import type {
  Expectation,
  Pingable,
  SessionChange,
  SessionStore,
  SessionStoreGuarantees,
  Sweepable,
  UpdateResult,
  UserIndex as SessionUserIndex,
} from '../../core/store.js';
import { DirectoryTree, hashOf } from './directory.tree.js';
import { sayingFull } from './file.errors.js';
import { checkOptions, type FileSessionStoreOptions } from './file.options.js';
import { Quarantine } from './quarantine.js';
import { changed, extended, holds } from '../../core/record.change.js';
import { SessionFolder } from './session.folder.js';
import { checkDirectory } from './start-up.check.js';
import { Sweeper } from './sweeper.js';
import { Turns } from '../../core/turns.js';
import { UserIndex } from './user.index.js';

/** A user may have any number of sessions, a process only so many open files. */
const LISTED_AT_ONCE = 16;

/**
 * Keeps sessions in files: one folder for each, shared by the processes of one machine, without a server and without
 * locks. How `SessionFolder` does that is told there.
 */
export class FileSessionStore implements SessionStore, SessionUserIndex, Sweepable, Pingable {
  readonly guarantees: SessionStoreGuarantees = {
    atomicUpdate: true,
    oneLiveToken: true,
    revocable: true,
    listable: true,
  };

  readonly #tree: DirectoryTree;
  readonly #quarantine: Quarantine;
  readonly #index: UserIndex;
  readonly #sweeper: Sweeper;
  readonly #turns = new Turns();
  #checked: Promise<void> | undefined;

  constructor(options: FileSessionStoreOptions) {
    const { directory, fsync } = checkOptions(options);
    this.#tree = new DirectoryTree(directory, fsync);
    this.#quarantine = new Quarantine(this.#tree);
    this.#index = new UserIndex(this.#tree);
    this.#sweeper = new Sweeper(this.#tree, this.#index, (path) => this.#folderAt(path));
  }

  async create(record: SessionRecord): Promise<boolean> {
    await this.#ready();
    return sayingFull(async () => {
      await this.#index.follow(record);
      return this.#folder(record.id).create(record);
    });
  }

  async read(id: string, now: number): Promise<SessionRecord | undefined> {
    await this.#ready();
    return (await this.#folder(id).read(now))?.record;
  }

  async update(id: string, change: SessionChange, now: number): Promise<UpdateResult> {
    return this.#write(id, async (folder) => {
      const state = await folder.read(now);
      if (!state) return 'gone';
      const { head, record } = state;
      if (!holds(record, change.expect)) return 'conflict';
      const after = changed(record, change);
      await this.#index.follow(after, record);
      return (await folder.replace(head, after)) ? 'ok' : undefined;
    });
  }

  async touch(id: string, expiresAt: number, now: number, expect: Expectation): Promise<UpdateResult> {
    return this.#write(id, async (folder) => {
      const state = await folder.read(now);
      if (!state) return 'gone';
      const { head, record } = state;
      if (!holds(record, expect)) return 'conflict';
      const end = extended(record, expiresAt);
      return end === head.expiresAt || (await folder.move(head, { ...head, expiresAt: end })) ? 'ok' : undefined;
    });
  }

  async delete(id: string, expect: Expectation = {}): Promise<boolean> {
    return this.#write(id, async (folder) => {
      const state = await folder.read();
      if (!state || !holds(state.record, expect)) return false;
      if (!(await folder.end(state.head))) return undefined;
      await this.#index.forget(state.record);
      return true;
    });
  }

  async listByUser(userId: string, now: number): Promise<SessionRecord[]> {
    await this.#ready();
    const hashes = [...(await this.#index.hashes(userId))];
    const records: SessionRecord[] = [];
    while (hashes.length > 0) {
      const folders = hashes.splice(0, LISTED_AT_ONCE).map((hash) => this.#folderOf(hash));
      const states = await Promise.all(folders.map((folder) => folder.read(now)));
      records.push(...states.flatMap((state) => (state?.record.userId === userId ? [state.record] : [])));
    }
    return records;
  }

  async raiseEpoch(userId: string, now: number): Promise<void> {
    await this.#ready();
    await sayingFull(() => this.#index.raiseEpoch(userId, now));
  }

  async epoch(userId: string): Promise<number> {
    await this.#ready();
    return this.#index.epoch(userId);
  }

  /** Removes what interrupted writers left behind, too; that is not counted. */
  async sweep(now: number, limit: number): Promise<number> {
    await this.#ready();
    return this.#sweeper.sweep(now, limit);
  }

  /** Whether the directory can be used: it is ours alone, and its file system does what it should. */
  async ping(): Promise<void> {
    await checkDirectory(this.#tree);
    this.#checked ??= Promise.resolve();
  }

  /** Once for each process: a disk that is full later must not keep anybody from reading. Until then, every call tries. */
  #ready(): Promise<void> {
    this.#checked ??= checkDirectory(this.#tree).catch((error: unknown) => {
      this.#checked = undefined;
      throw error;
    });
    return this.#checked;
  }

  /** Tries until the answer is not `undefined`, which says that another process was faster: so somebody gets on. */
  async #write<T>(id: string, attempt: (folder: SessionFolder) => Promise<T | undefined>): Promise<T> {
    await this.#ready();
    const folder = this.#folder(id);
    return this.#turns.take(id, () =>
      sayingFull(async () => {
        let result = await attempt(folder);
        while (result === undefined) result = await attempt(folder);
        return result;
      }),
    );
  }

  #folder(id: string): SessionFolder {
    return this.#folderOf(hashOf(id));
  }

  #folderOf(hash: string): SessionFolder {
    return this.#folderAt(this.#tree.folderOf('sessions', hash));
  }

  #folderAt(path: string): SessionFolder {
    return new SessionFolder(path, this.#tree, this.#quarantine);
  }
}
