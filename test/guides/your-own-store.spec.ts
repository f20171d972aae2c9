import { exec } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { blocksOf, writeBlock } from '../support/guide.js';

const GUIDE = 'docs/your-own-store.md';
const blocks = blocksOf(GUIDE);

/** Without what Jest has put into the environment. */
const { JEST_WORKER_ID: _, NODE_OPTIONS: __, NODE_TEST_CONTEXT: ___, ...env } = process.env;

describe('the guide to a store of one’s own', () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'nest-sessions-guide-'));
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  /** Runs commands as somebody at a terminal would, and counts tests. */
  async function run(commands: string): Promise<{ passed: number; failed: number }> {
    const output = await new Promise<string>((done) => {
      exec(commands, { cwd: folder, env, maxBuffer: 2 ** 26 }, (_error, printed) => done(printed));
    });
    // Nothing was counted, because it did not get so far.
    if (Number.isNaN(count(output, 'pass'))) throw new Error(output);
    return { passed: count(output, 'pass'), failed: count(output, 'fail') };
  }

  it('names every file that it shows', () => {
    expect(blocks.filter(({ file, language }) => language !== 'sh' && !file)).toEqual([]);
    expect(blocks.filter(({ file }) => file).length).toBeGreaterThan(8);
  });

  it('leads to a store that keeps the contract, when followed to the letter', async () => {
    const runs: { passed: number; failed: number }[] = [];
    for (const { file, text } of blocks) {
      if (file) {
        writeBlock(folder, file, text);
      } else if (text.startsWith('npm install')) {
        // What there is to be installed is what this workspace has; the library is the one that was built of it.
        symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
      } else {
        runs.push(await run(text));
      }
    }
    expect(runs).toEqual([
      { passed: expect.any(Number), failed: 0 },
      { passed: expect.any(Number), failed: 0 },
    ]);
    const [verbs, whole] = runs;
    expect(verbs!.passed).toBeGreaterThan(290);
    expect(whole!.passed).toBeGreaterThan(verbs!.passed + 40);
  }, 120_000);

  it('leads to one that fails, when its writes have no condition, as the guide says', async () => {
    const built = join(folder, 'dist/shelf.js');
    const text = readFileSync(built, 'utf8');
    const careless = text.replace("'PUT', key, unchanged(found), text", "'PUT', key, {}, text");
    expect(careless).not.toBe(text);
    writeFileSync(built, careless);
    expect((await run('node --test dist/')).failed).toBeGreaterThan(10);
  }, 120_000);
});

function count(output: string, what: 'pass' | 'fail'): number {
  return Number(new RegExp(`^(?:#|ℹ) ${what} (\\d+)$`, 'm').exec(output)?.[1]);
}
