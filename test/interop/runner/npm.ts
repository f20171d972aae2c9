import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** Without what Jest has put into the environment. */
const { JEST_WORKER_ID: _, NODE_OPTIONS: __, NODE_TEST_CONTEXT: ___, ...env } = process.env;
export const plainEnv: NodeJS.ProcessEnv = env;

/** Runs a program to its end, and gives what it printed. What it prints when it fails is the error's message. */
export async function run(program: string, args: readonly string[], cwd: string): Promise<string> {
  try {
    return (await execute(program, args, { cwd, env, maxBuffer: 2 ** 26 })).stdout;
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new Error(`${program} ${args.join(' ')} failed:\n${stdout}${stderr}`, { cause: error });
  }
}

/** What the lock says, and nothing that a package would run when it is installed. */
export function installLocked(folder: string): Promise<string> {
  return run('npm', ['ci', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund'], folder);
}

/** Packs the library as it would be published. Gives the tarball's path. */
export async function packLibrary(folder: string): Promise<string> {
  const packed = await run('npm', ['pack', '--json', `--pack-destination=${folder}`], 'libs/session');
  const [{ filename }] = JSON.parse(packed) as [{ filename: string }];
  return `${folder}/${filename}`;
}
