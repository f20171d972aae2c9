import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { FileSessionStore } from 'nest-sessions/file';
import { type Config, DATA_DIR } from '../config.js';
import { nothingToClose, type OpenedStore } from './opened-store.js';

export async function openFile({ env }: Config): Promise<OpenedStore<FileSessionStore>> {
  const directory = path.resolve(env['SESSION_DIRECTORY'] || path.join(DATA_DIR, 'sessions'));
  await mkdir(path.dirname(directory), { recursive: true });
  return { store: new FileSessionStore({ directory }), imports: [], where: directory, close: nothingToClose };
}
