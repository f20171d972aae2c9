import fs from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { SessionRecord } from '../../core/record.js';
import { type DirectoryTree, hashOf } from './directory.tree.js';
import { atBest, happened } from './file.errors.js';

/** An epoch is asked for by logins under way; none takes an hour. Milliseconds. */
const EPOCH_KEPT = 3_600_000;

const ENTRY = /^([0-9a-f]{64})-(\d+)$/;
const EPOCH = /^epoch-(\d+)$/;

/**
 * A folder for each user, of empty files: `<hash of the session's id>-<absolute end>` for each session, `epoch-<instant>`
 * for each raise. Names are added and, once their time is over, removed, but never changed, so there is nothing for two
 * processes to disagree about.
 *
 * An entry is written before the record that needs it, and goes with the session, or else at the absolute end that it
 * names: by then no record is alive that needed it, whoever may have been paused in between. Entries can thus be too
 * many, never too few, and whoever lists looks at the record.
 */
export class UserIndex {
  constructor(private readonly tree: DirectoryTree) {}

  /** Sees to it that a record, about to be written, will be found by its user. */
  async follow({ absoluteExpiresAt, id, userId }: SessionRecord, before?: SessionRecord): Promise<void> {
    if (userId === undefined) return;
    if (before?.userId === userId && before.absoluteExpiresAt === absoluteExpiresAt) return;
    await this.#mark(userId, entryName(id, absoluteExpiresAt));
  }

  /** The session is gone for good. */
  async forget({ absoluteExpiresAt, id, userId }: SessionRecord): Promise<void> {
    if (userId === undefined) return;
    await atBest(fs.unlink(join(this.#folderOf(userId), entryName(id, absoluteExpiresAt))));
  }

  /** The hashes of the ids of sessions that may be this user's. */
  async hashes(userId: string): Promise<Set<string>> {
    const names = await this.#names(userId);
    return new Set(names.flatMap((name) => ENTRY.exec(name)?.[1] ?? []));
  }

  /** Two raises are two names; the latest counts. */
  async raiseEpoch(userId: string, now: number): Promise<void> {
    await this.#mark(userId, `epoch-${now}`);
  }

  async epoch(userId: string): Promise<number> {
    const names = await this.#names(userId);
    return names.map(epochOf).reduce((latest, epoch) => Math.max(latest, epoch), 0);
  }

  /** Removes what is over from a folder of this index, and the folder once it is empty. */
  async sweep(folder: string, now: number): Promise<void> {
    for (const name of (await this.tree.list(folder)) ?? []) {
      if (isOver(name, now)) await atBest(fs.unlink(join(folder, name)));
    }
    await atBest(fs.rmdir(folder));
  }

  async #mark(userId: string, name: string): Promise<void> {
    const folder = this.#folderOf(userId);
    const names = await this.tree.list(folder);
    if (!names?.includes(name)) await this.#markIn(folder, name);
    // Also if it was there: whoever made it may not have come this far.
    await this.tree.persist(folder);
    await this.tree.persist(dirname(folder));
  }

  /** Again, if a sweep has removed the folder because it was empty. */
  async #markIn(folder: string, name: string): Promise<void> {
    do await this.tree.makeFolder(folder);
    while (!(await happened(this.tree.mark(join(folder, name)))));
  }

  async #names(userId: string): Promise<string[]> {
    return (await this.tree.list(this.#folderOf(userId))) ?? [];
  }

  #folderOf(userId: string): string {
    return this.tree.folderOf('users', hashOf(userId));
  }
}

function entryName(id: string, end: number): string {
  return `${hashOf(id)}-${end}`;
}

function epochOf(name: string): number {
  return Number(EPOCH.exec(name)?.[1] ?? 0);
}

function isOver(name: string, now: number): boolean {
  const end = ENTRY.exec(name)?.[2];
  if (end !== undefined) return Number(end) <= now;
  const epoch = epochOf(name);
  return epoch > 0 && epoch <= now - EPOCH_KEPT;
}
