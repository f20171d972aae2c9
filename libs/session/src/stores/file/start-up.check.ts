import fs from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { SessionConfigError } from '../../core/errors.js';
import { type DirectoryTree, FOLDER_MODE } from './directory.tree.js';
import { atBest, codeOf, unless } from './file.errors.js';
import { newKey } from './head.name.js';
import { clear } from './session.folder.js';

/** NFS, SMB and CIFS, where a rename that succeeded may report that it did not: statfs(2). */
const REMOTE = new Set([0x6969, 0x517b, 0xff534d42, 0xfe534d42]);

const MEND: Readonly<Record<string, (directory: string) => string>> = {
  ENOENT: (directory) => `${dirname(directory)} does not exist. Create it, or mount the disk that has it.`,
  ENOTDIR: (directory) => `${dirname(directory)} is not a directory.`,
  EACCES: (directory) =>
    `this process (user ${process.geteuid?.()}) may not write there. Change the owner of ${directory}.`,
  EPERM: (directory) =>
    `this process (user ${process.geteuid?.()}) may not write there. Change the owner of ${directory}.`,
  EROFS: () => 'the file system is mounted read-only. Mount it read-write, or give a directory on another.',
  ENOSPC: () => 'the file system is full. Free some space.',
  EDQUOT: () => 'the quota is used up. Raise it, or free some space.',
};

/**
 * Makes the directory if it is not there, and sees whether it is fit for sessions: ours alone, on a file system that
 * does what the store stands on.
 *
 * @throws SessionConfigError with what is wrong and what mends it.
 */
export async function checkDirectory(tree: DirectoryTree): Promise<void> {
  const { root } = tree;
  try {
    await unless(['EEXIST'], makeRoot(tree));
    await checkOwnership(root);
    await tree.plant();
    await tryOut(tree);
  } catch (cause) {
    const mend = MEND[codeOf(cause) ?? ''];
    throw mend ? unfit(root, mend(root), cause) : cause;
  }
}

async function makeRoot(tree: DirectoryTree): Promise<void> {
  await fs.mkdir(tree.root, { mode: FOLDER_MODE });
  // Some may be passed through and not opened.
  await atBest(tree.persist(dirname(tree.root)));
}

/** What others may write into, they could plant files in; what they may read, they could learn sessions from (CWE-732). */
async function checkOwnership(root: string): Promise<void> {
  const stats = await fs.lstat(root);
  const user = process.geteuid?.();
  if (stats.isSymbolicLink()) throw unfit(root, 'it is a symbolic link. Give the path that it leads to.');
  if (!stats.isDirectory()) throw unfit(root, 'it is not a directory.');
  if (stats.uid !== user) {
    throw unfit(
      root,
      `it belongs to user ${stats.uid}, and this process is user ${user}. Give a directory inside, or chown it.`,
    );
  }
  if ((stats.mode & 0o077) !== 0) {
    const mode = (stats.mode & 0o777).toString(8);
    throw unfit(root, `others may use it (mode ${mode}). Give a directory inside, or run: chmod 700 ${root}`);
  }
  if (REMOTE.has((await fs.statfs(root)).type)) {
    throw unfit(
      root,
      'it is on a network file system, whose renames are not atomic. Use a local disk, or another store.',
    );
  }
}

/** Does what the store does, and expects the refusals that it relies on. */
async function tryOut(tree: DirectoryTree): Promise<void> {
  const [one, two] = [join(tree.root, `try-${newKey()}`), join(tree.root, `try-${newKey()}`)];
  try {
    for (const folder of [one, two]) {
      await fs.mkdir(folder, { mode: FOLDER_MODE });
      await tree.write(join(folder, 'a'), 'a');
      await tree.persist(folder);
    }
    await fs.rename(join(one, 'a'), join(one, 'b'));
    await expectRefusal(tree, fs.rename(join(one, 'a'), join(one, 'c')), ['ENOENT']);
    await expectRefusal(tree, fs.rename(one, two), ['ENOTEMPTY', 'EEXIST']);
    await expectRefusal(tree, tree.write(join(two, 'a'), ''), ['EEXIST']);
  } finally {
    await clear(one);
    await clear(two);
  }
}

async function expectRefusal({ root }: DirectoryTree, call: Promise<void>, codes: readonly string[]): Promise<void> {
  const done = await unless(
    codes,
    call.then(() => true),
  );
  if (done) throw unfit(root, `its file system does not refuse what it should (${codes.join(', ')}). Use another one.`);
}

function unfit(root: string, why: string, cause?: unknown): SessionConfigError {
  return new SessionConfigError(`FileSessionStore cannot use its directory ${root}: ${why}`, { cause });
}
