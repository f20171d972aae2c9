import fs from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { SessionRecord } from '../../core/record.js';
import { type DirectoryTree, hashOf } from './directory.tree.js';
import { atBest, codeOf, happened, unless } from './file.errors.js';
import { findHead, type Head, headName, newHead, newKey, recordName } from './head.name.js';
import type { Quarantine } from './quarantine.js';
import { DamagedRecordError, encodeRecord, readRecordFile } from './record.file.js';

/** A record, and the head that says that it is the one. */
export interface State {
  readonly head: Head;
  readonly record: SessionRecord;
}

/** What a directory under construction is called, before it becomes a session's folder. */
export const DRAFT = 'new-';

/** How often a folder without a head is looked at before its session counts as gone. */
const LOOKS = 3;

/**
 * The files of one session, and how they change: no locks, so none to be stale, and none that a paused process could
 * believe it still holds.
 *
 * A folder has a *head*, an empty file, whose name says when the session ends and which file has the record:
 *
 *     1763886000000-0-9f86d0….head
 *     9f86d0….record
 *
 * A writer lists the folder, reads the record, writes a new one beside it, and then renames the head from the name it
 * has seen to one that names its own file. rename(2) is atomic and fails with ENOENT if its source is gone, and no name
 * ever comes back, for keys are random, and ends and turns only rise. So the rename is a compare-and-swap: of all that
 * saw a head exactly one moves it, and the others learn that they came too late, be it by a microsecond or by a week.
 * Ending a session is unlinking the head, a compare-and-swap again: a writer that was paused, however long, and whatever
 * became of the folder meanwhile, has nothing left to rename. Ending takes no space, and leaves nothing to be kept.
 *
 * The old record is unlinked after the head has moved, and no name leads to it by then: an older state cannot come
 * back. A folder comes to be by renaming one that is complete, which the system refuses if there is one with anything
 * in it: one of all creators wins. Whatever is interrupted leaves files that no head names, and the sweep removes.
 *
 * A session has a folder of its own because of the listing. POSIX lets one that runs while a name changes miss the old
 * and the new name. One call gets a small directory whole, under its lock; of one with 3,000 files on ext4, every 25th
 * listing missed a file that another process kept renaming.
 */
export class SessionFolder {
  readonly #hash: string;

  constructor(
    readonly path: string,
    private readonly tree: DirectoryTree,
    private readonly quarantine: Quarantine,
  ) {
    this.#hash = basename(path);
  }

  /** Stores a first record. `false`: there is a session, and nothing was changed. */
  async create(record: SessionRecord): Promise<boolean> {
    const draft = join(dirname(this.path), DRAFT + newKey());
    const head = newHead(record.expiresAt);
    await this.tree.makeFolder(draft);
    try {
      await this.tree.mark(join(draft, headName(head)));
      await this.tree.write(join(draft, recordName(head)), encodeRecord(record));
      await this.tree.persist(draft);
      await fs.rename(draft, this.path);
    } catch (error) {
      await clear(draft);
      if (['ENOTEMPTY', 'EEXIST'].includes(codeOf(error) ?? '')) return false;
      throw error;
    }
    await this.tree.persist(dirname(this.path));
    return true;
  }

  /** The head, or `undefined` if the session is gone or never was. */
  async head(): Promise<Head | undefined> {
    for (let look = 0; look < LOOKS; look++) {
      const names = await this.tree.list(this.path);
      const head = names && findHead(names);
      if (head || !names || names.length === 0) return head;
    }
    return undefined;
  }

  /** The state as it was at one instant of this call; with `now`, only if it had not expired by then. */
  async read(now = -Infinity): Promise<State | undefined> {
    for (;;) {
      const head = await this.head();
      if (!head || head.expiresAt <= now) return undefined;
      try {
        return { head, record: await this.#record(head) };
      } catch (error) {
        if (!(error instanceof DamagedRecordError)) throw error;
        await this.#putAway(head, error.message);
      }
    }
  }

  async #record(head: Head): Promise<SessionRecord> {
    const stored = await readRecordFile(join(this.path, recordName(head)));
    if (!stored) throw new DamagedRecordError('it is missing');
    if (hashOf(stored.id) !== this.#hash) throw new DamagedRecordError('it belongs to another session');
    return { ...stored, expiresAt: head.expiresAt };
  }

  /** Puts a record in the place of the one that was read. `false`: another writer was faster, and nothing was changed. */
  async replace(before: Head, record: SessionRecord): Promise<boolean> {
    const head = newHead(record.expiresAt);
    const file = join(this.path, recordName(head));
    try {
      await this.tree.write(file, encodeRecord(record));
      await this.tree.persist(this.path);
    } catch (error) {
      await atBest(fs.unlink(file));
      if (codeOf(error) === 'ENOENT') return false;
      throw error;
    }
    if (!(await this.move(before, head))) {
      // The folder too, should it have been emptied meanwhile by whoever ended the session.
      await atBest(fs.unlink(file).then(() => fs.rmdir(this.path)));
      return false;
    }
    // Before the old record goes: a crash must not keep the one and lose the other. The folder may be gone, if somebody
    // has ended the session since.
    await unless(['ENOENT'], this.tree.persist(this.path));
    await atBest(fs.unlink(join(this.path, recordName(before))));
    return true;
  }

  /** The compare-and-swap. On its own it changes nothing but the end. `false`: another writer was faster. */
  async move(before: Head, after: Head): Promise<boolean> {
    return happened(fs.rename(join(this.path, headName(before)), join(this.path, headName(after))));
  }

  /** Ends the session. `false`: its state is not, or no longer, the one that was seen. */
  async end(head: Head): Promise<boolean> {
    if (!(await happened(fs.unlink(join(this.path, headName(head)))))) return false;
    await unless(['ENOENT'], this.tree.persist(this.path));
    await clear(this.path);
    return true;
  }

  /**
   * A damaged record is kept for inspection, but not as a session: what cannot be read must not be written over. If the
   * head has moved since, there is nothing to unlink: the record was only out of date, and it is time to look again.
   */
  async #putAway(head: Head, reason: string): Promise<void> {
    if (!(await happened(fs.unlink(join(this.path, headName(head)))))) return;
    await this.quarantine.take(join(this.path, recordName(head)), this.#hash, reason);
    await clear(this.path);
  }
}

/** Removes a folder and its files, as far as they are there; the sweep does the rest. */
export async function clear(folder: string): Promise<void> {
  const names = (await fs.readdir(folder).catch(() => undefined)) ?? [];
  await Promise.all(names.map((name) => atBest(fs.unlink(join(folder, name)))));
  await atBest(fs.rmdir(folder));
}
