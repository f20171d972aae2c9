import { execFile } from 'node:child_process';

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly exitCode: number;
}

/** Runs a program of npm's in a process of its own, without what Jest has put into the environment. */
function run(args: readonly string[], env: Record<string, string>): Promise<{ output: string; exitCode: number }> {
  const { JEST_WORKER_ID: _, NODE_OPTIONS: __, ...rest } = process.env;
  return new Promise((resolve) => {
    const options = { env: { ...rest, ...env }, maxBuffer: 2 ** 26 };
    execFile(process.execPath, args, options, (error, output) => {
      resolve({ output, exitCode: error ? Number(error.code) : 0 });
    });
  });
}

async function underNode(env: Record<string, string> = {}, file = 'node.test.js'): Promise<Counts> {
  const { exitCode, output } = await run(['--test', '--test-reporter=tap', `test/runners/${file}`], env);
  const count = (what: string) => Number(new RegExp(`^# ${what} (\\d+)$`, 'm').exec(output)?.[1]);
  return { passed: count('pass'), failed: count('fail'), exitCode };
}

async function underVitest(env: Record<string, string> = {}): Promise<Counts> {
  const args = ['node_modules/vitest/vitest.mjs', 'run', '--root=test/runners', '--dir=.', '--reporter=json', 'vitest'];
  const { exitCode, output } = await run(args, env);
  const { numFailedTests, numPassedTests } = JSON.parse(output) as Record<string, number>;
  return { passed: numPassedTests!, failed: numFailedTests!, exitCode };
}

describe('describeSessionStore from the built package', () => {
  it('runs under node:test and under Vitest, test for test', async () => {
    const [node, vitest] = await Promise.all([underNode(), underVitest()]);
    expect(node).toEqual({ passed: node.passed, failed: 0, exitCode: 0 });
    expect(node.passed).toBeGreaterThan(300);
    expect(vitest).toEqual(node);
  });

  it('fails under both when a store is said to have what it has not', async () => {
    const env = { BOASTING: 'yes' };
    for (const { exitCode, failed, passed } of await Promise.all([underNode(env), underVitest(env)])) {
      // The declaration, and the test of ping itself.
      expect({ exitCode, failed }).toEqual({ exitCode: 1, failed: 2 });
      expect(passed).toBeGreaterThan(300);
    }
  });
});

describe("Fastify's inject() with the built package", () => {
  it('B-17 B-19 answers as a real server does', async () => {
    expect(await underNode({}, 'fastify.test.js')).toEqual({ passed: 18, failed: 0, exitCode: 0 });
  });
});
