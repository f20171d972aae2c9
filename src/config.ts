import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** What the demo keeps between runs, at the top of the checkout. The same folder from src/ and from dist/. */
export const DATA_DIR = fileURLToPath(new URL('../.data', import.meta.url));

export interface Config {
  readonly port: number;
  /** What SESSION_STORE says. */
  readonly store: string;
  /** Signs the session cookies. */
  readonly secret: string;
  readonly production: boolean;
  /** Where the store looks for variables of its own. */
  readonly env: NodeJS.ProcessEnv;
}

/** @throws Error that names the variable, what it is, and what it may be. */
export function readConfig(env: NodeJS.ProcessEnv): Config {
  const port = env['PORT'] || '3000';
  if (!/^\d+$/.test(port) || Number(port) > 65_535) {
    throw new Error(`PORT is '${port}', and must be a number from 0 to 65535.`);
  }
  const store = env['SESSION_STORE'] || 'postgres';
  const production = env['NODE_ENV'] === 'production';
  return { port: Number(port), store, secret: readSecret(env, store, production), production, env };
}

/** Given, or made once and kept: with another one, the cookies of the last run would mean nothing. */
function readSecret(env: NodeJS.ProcessEnv, store: string, production: boolean): string {
  const secret = env['SESSION_SECRET'];
  if (secret) return secret;
  if (production)
    throw new Error('SESSION_SECRET is missing: production needs one, from "openssl rand -base64 32" say.');
  const made = randomBytes(32).toString('base64');
  if (store === 'memory') return made;
  const file = path.join(DATA_DIR, 'session-secret');
  mkdirSync(DATA_DIR, { recursive: true });
  try {
    // Only if it is not there yet, and for nobody else's eyes.
    writeFileSync(file, made, { flag: 'wx', mode: 0o600 });
    return made;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return readFileSync(file, 'utf8');
  }
}
