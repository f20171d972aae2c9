// @ts-check
// npm run test:interop:lock: writes the locks of the fresh applications anew, after their package.json or the library's
// has changed. What is locked stays as it is, as far as it still fits.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const APPLICATIONS = 'test/interop/applications';
const LOCK = 'package-lock.json';
const LIBRARY = 'node_modules/nest-sessions';

for (const nest of readdirSync(APPLICATIONS)) {
  const folder = mkdtempSync(join(tmpdir(), 'nest-sessions-lock-'));
  try {
    for (const file of readdirSync(join(APPLICATIONS, nest))) {
      copyFileSync(join(APPLICATIONS, nest, file), join(folder, file));
    }
    // Locks without the addresses of whose registry they were written with.
    copyFileSync('.npmrc', join(folder, '.npmrc'));
    const packed = npm('libs/session', 'pack', '--json', `--pack-destination=${folder}`);
    renameSync(join(folder, JSON.parse(packed)[0].filename), join(folder, 'nest-sessions.tgz'));
    // npm would take the library for what it was when it was last locked, since its version is the same.
    edit(join(folder, LOCK), (packages) => delete packages[LIBRARY]);
    npm(folder, 'install', '--package-lock-only');
    // It is packed anew each time.
    edit(join(folder, LOCK), (packages) => delete packages[LIBRARY].integrity);
    copyFileSync(join(folder, LOCK), join(APPLICATIONS, nest, LOCK));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** @param {string} lock @param {(packages: Record<string, any>) => void} change */
function edit(lock, change) {
  const content = JSON.parse(readFileSync(lock, 'utf8'));
  change(content.packages);
  writeFileSync(lock, `${JSON.stringify(content, null, 2)}\n`);
}

/** @param {string} cwd @param {string[]} args */
function npm(cwd, ...args) {
  return execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}
