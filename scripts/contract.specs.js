// @ts-check
// The specs that run the store contract, found by what they call: node scripts/contract.specs.js prints them.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOMS = ['libs/session/src', 'test'];
/** Where the suite itself lives, whose own spec collects the tests of wrong stores instead of running them. */
const KIT = join('libs/session/src/testing', '/');
const CALL = /\bdescribeSessionStore\(/;
const IMPORT = /from '(\.{1,2}\/[^']+)\.js'/g;

/** @returns {string[]} the specs that call `describeSessionStore`, themselves or by what they import */
export function contractSpecs() {
  const files = ROOMS.flatMap((room) =>
    readdirSync(room, { recursive: true, encoding: 'utf8' }).map((file) => join(room, file)),
  );
  /** @type {Map<string, boolean>} */
  const known = new Map();
  return files.filter((file) => file.endsWith('.spec.ts') && callsContract(file, known)).sort();
}

/**
 * @param {string} file
 * @param {Map<string, boolean>} known what was found out about other files
 * @returns {boolean}
 */
function callsContract(file, known) {
  if (file.startsWith(KIT) || !existsSync(file)) return false;
  const answer = known.get(file);
  if (answer !== undefined) return answer;
  // Until more is known, and for files that import each other.
  known.set(file, false);
  const text = readFileSync(file, 'utf8');
  const imported = [...text.matchAll(IMPORT)].map(([, path]) => join(dirname(file), `${path}.ts`));
  const calls = CALL.test(text) || imported.some((one) => callsContract(one, known));
  known.set(file, calls);
  return calls;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(contractSpecs().join('\n'));
