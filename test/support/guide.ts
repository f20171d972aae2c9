import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A block of code in a guide: a file with its name above it, or commands. */
export interface Block {
  readonly file?: string;
  readonly language: string;
  readonly text: string;
}

const BLOCK = /(?:^\*\*`(?<file>[^`]+)`\*\*\n\n)?^```(?<language>\w+)\n(?<text>[^]*?)^```$/gm;

export function blocksOf(guide: string): Block[] {
  return [...readFileSync(guide, 'utf8').matchAll(BLOCK)].map(({ groups }) => groups as unknown as Block);
}

/** Writes a file of a guide where its reader would. */
export function writeBlock(folder: string, file: string, text: string): void {
  mkdirSync(dirname(join(folder, file)), { recursive: true });
  writeFileSync(join(folder, file), text);
}
