import fs from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { DirectoryTree, Kind } from './directory.tree.js';
import { atBest, happened, unless } from './file.errors.js';
import { findHead, type Head, newKey, recordName } from './head.name.js';
import { clear, DRAFT, type SessionFolder } from './session.folder.js';
import type { UserIndex } from './user.index.js';

/**
 * The age from which a file that nothing names counts as left over, by the clock that stamps files. Milliseconds. A
 * courtesy to writers under way: a longer pause costs them their write, and nobody else anything.
 */
const LEFT_OVER = 10 * 60_000;
const LEFT_OVER_DRAFT = 'old-';

/** Names of ours. What else there may be, `lost+found` say, is left alone. */
const SHARD = /^[0-9a-f]{2}$/;
const BUCKET = /^[0-9a-f]$/;
const FOLDER = /^([0-9a-f]{64}|(new|old)-[0-9a-f]{32})$/;

type Walk = (shard: string, now: number, limit: number) => Promise<number>;

/** Goes round the tree and removes what is over. Sequentially, for requests need the threads more than it does. */
export class Sweeper {
  /** Where the last batch was full. */
  #next = '';
  readonly #walks: Record<Kind, Walk>;

  constructor(
    private readonly tree: DirectoryTree,
    private readonly index: UserIndex,
    private readonly folderAt: (path: string) => SessionFolder,
  ) {
    this.#walks = { sessions: this.#sweepSessions.bind(this), users: this.#sweepUsers.bind(this) };
  }

  /** Once round, from where the last batch was full; or until there are `limit` again. */
  async sweep(now: number, limit: number): Promise<number> {
    const shards = [...(await this.#shards('sessions')), ...(await this.#shards('users'))];
    const start = Math.max(0, shards.indexOf(this.#next));
    let swept = 0;
    for (const shard of [...shards.slice(start), ...shards.slice(0, start)]) {
      const kind = shard.startsWith('users') ? 'users' : 'sessions';
      swept += await this.#walks[kind](shard, now, limit - swept);
      if (swept < limit) continue;
      this.#next = shard;
      break;
    }
    return swept;
  }

  /** `sessions/ab` and so on. */
  async #shards(kind: Kind): Promise<string[]> {
    const names = await fs.readdir(join(this.tree.root, kind));
    return only(SHARD, names)
      .sort()
      .map((name) => join(kind, name));
  }

  /** All folders of a shard, `ab/c/…`. */
  async *#folders(shard: string): AsyncGenerator<string> {
    const top = join(this.tree.root, shard);
    for (const name of only(BUCKET, await this.tree.list(top))) {
      const bucket = join(top, name);
      for (const folder of only(FOLDER, await this.tree.list(bucket))) yield join(bucket, folder);
    }
  }

  async #sweepUsers(shard: string, now: number): Promise<number> {
    for await (const folder of this.#folders(shard)) await this.index.sweep(folder, now);
    return 0;
  }

  async #sweepSessions(shard: string, now: number, limit: number): Promise<number> {
    let swept = 0;
    for await (const path of this.#folders(shard)) {
      if (await this.#sweepFolder(path, now)) swept++;
      if (swept >= limit) break;
    }
    return swept;
  }

  async #sweepFolder(path: string, now: number): Promise<boolean> {
    const name = basename(path);
    if (name.startsWith(DRAFT) || name.startsWith(LEFT_OVER_DRAFT)) return this.#sweepDraft(path, name);
    const names = (await this.tree.list(path)) ?? [];
    const head = findHead(names);
    if (head && head.expiresAt <= now) return this.#end(path, head);
    if (head) await this.#dropRecords(path, head, names);
    // Old, because a listing might have missed the head of a folder in which something is going on.
    else if (await this.#isLeftOver(path)) await clear(path);
    return false;
  }

  /** Counts only if it was this sweep that ended it: another may sweep too, and a touch may have been faster. */
  async #end(path: string, head: Head): Promise<boolean> {
    const folder = this.folderAt(path);
    const state = await folder.read();
    if (!(await folder.end(head))) return false;
    if (state) await this.index.forget(state.record);
    return true;
  }

  /**
   * Records that a writer left behind, in a session that lives. The head gets another name first. Whoever wrote those
   * files had seen the old one; should he only be paused, he can no longer make a file the record that is not there.
   */
  async #dropRecords(path: string, head: Head, names: readonly string[]): Promise<void> {
    const others = names.filter((name) => name.endsWith('.record') && name !== recordName(head));
    const old: string[] = [];
    for (const name of others) if (await this.#isLeftOver(join(path, name))) old.push(name);
    if (old.length === 0 || !(await this.folderAt(path).move(head, { ...head, turn: head.turn + 1 }))) return;
    await Promise.all(old.map((name) => atBest(fs.unlink(join(path, name)))));
  }

  /** Renamed before it is emptied: a creator that is only paused must find all of it or nothing. */
  async #sweepDraft(path: string, name: string): Promise<false> {
    if (name.startsWith(LEFT_OVER_DRAFT)) await clear(path);
    else if (await this.#isLeftOver(path)) {
      const grave = join(dirname(path), LEFT_OVER_DRAFT + newKey());
      if (await happened(fs.rename(path, grave))) await clear(grave);
    }
    return false;
  }

  async #isLeftOver(path: string): Promise<boolean> {
    const stats = await unless(['ENOENT'], fs.lstat(path));
    return stats !== undefined && stats.mtimeMs < Date.now() - LEFT_OVER;
  }
}

function only(pattern: RegExp, names: readonly string[] = []): string[] {
  return names.filter((name) => pattern.test(name));
}
