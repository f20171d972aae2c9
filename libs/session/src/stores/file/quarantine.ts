import fs from 'node:fs/promises';
import { join } from 'node:path';
import type { DirectoryTree } from './directory.tree.js';
import { atBest, happened } from './file.errors.js';

/** How many damaged files are kept. The oldest go first. */
const KEPT = 100;

/** Where damaged session files go. They hold what sessions hold, and have the same modes. */
export class Quarantine {
  constructor(private readonly tree: DirectoryTree) {}

  /** Takes a file in and tells it as a process warning, code `NEST_SESSIONS_DAMAGED_FILE`. */
  async take(file: string, hash: string, reason: string): Promise<void> {
    const place = join(this.tree.quarantine, `${Date.now()}-${hash}.record`);
    const kept = await happened(fs.rename(file, place));
    process.emitWarning(
      `A session was ended because its file is damaged: ${reason}. ${kept ? `The file is kept as ${place}` : file}`,
      { type: 'FileSessionStoreWarning', code: 'NEST_SESSIONS_DAMAGED_FILE' },
    );
    await atBest(this.#dropOldest());
  }

  /** Names begin with the instant. */
  async #dropOldest(): Promise<void> {
    const names = (await fs.readdir(this.tree.quarantine)).sort();
    for (const name of names.slice(0, -KEPT)) await fs.unlink(join(this.tree.quarantine, name));
  }
}
