import { mkdirSync, symlinkSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { blocksOf, writeBlock } from '../../support/guide.js';
import { run } from './npm.js';

/**
 * Follows docs/testing.md to the letter, in a folder below an application. What it says to install is what this
 * workspace has of Jest; Nest and the library are the application's. Gives what Jest counted.
 */
export async function followJestRecipe(application: string): Promise<{ passed: number; failed: number }> {
  const folder = join(application, 'jest-recipe');
  let counted = { passed: NaN, failed: NaN };
  for (const { file, text } of blocksOf('docs/testing.md')) {
    if (file) writeBlock(folder, file, text);
    else if (text.startsWith('npm install')) install(folder, text.trim().split(' ').slice(3));
    else counted = await jest(folder, text.trim());
  }
  return counted;
}

function install(folder: string, packages: readonly string[]): void {
  for (const name of packages.filter((each) => each !== '@nestjs/testing')) {
    const link = join(folder, 'node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(resolve('node_modules', name), link);
  }
  mkdirSync(join(folder, 'node_modules/.bin'));
  symlinkSync('../jest/bin/jest.js', join(folder, 'node_modules/.bin/jest'));
}

async function jest(folder: string, command: string): Promise<{ passed: number; failed: number }> {
  const output = await run('sh', ['-c', `${command} --json`], folder);
  const { numFailedTests, numPassedTests } = JSON.parse(output) as Record<string, number>;
  return { passed: numPassedTests!, failed: numFailedTests! };
}
