import path from 'node:path';
import { encrypted } from 'nest-sessions/wrappers';
import { type Config, DATA_DIR } from '../config.js';
import { openFile } from './file.js';
import type { OpenedStore } from './opened-store.js';

/** Files that are of no use without the shop's secret. Not those of SESSION_STORE=file, which are plain. */
export async function openEncrypted(config: Config): Promise<OpenedStore> {
  const directory = config.env['SESSION_DIRECTORY'] || path.join(DATA_DIR, 'encrypted-sessions');
  const file = await openFile({ ...config, env: { ...config.env, SESSION_DIRECTORY: directory } });
  return { ...file, store: encrypted(file.store, config.secret), where: `${file.where}, encrypted` };
}
