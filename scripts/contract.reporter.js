// @ts-check
// Jest's reporter for the store contract. When it ran on every store, all told, this prints how many tests each has
// passed, and holds the README's table of guarantees to what they have proven: `npm run test:stores -- -u` writes it.
import { readFileSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { contractSpecs } from './contract.specs.js';
import { countTable, guaranteeTable, storesOf } from './contract.tables.js';

/** The name pattern of `npm run test:stores`. */
const PATTERN = 'keeps the session store contract';
const BEGIN = '<!-- guarantees: written by npm run test:stores -- -u -->\n';
const END = '<!-- end of guarantees -->';

/** The README's table. @param {string} readme */
export function tableIn(readme) {
  const [from, to] = [readme.indexOf(BEGIN), readme.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`README.md has no place for the table of guarantees: ${BEGIN}${END}`);
  return readme.slice(from + BEGIN.length, to);
}

export default class ContractReporter {
  /** @type {Error | undefined} */
  #error;
  #settings;
  #readme;

  /**
   * @param {Pick<import('@jest/types').Config.GlobalConfig, 'json' | 'testNamePattern' | 'updateSnapshot'>} settings
   * @param {{ readme?: string }} [options]
   */
  constructor(settings, { readme = 'README.md' } = {}) {
    this.#settings = settings;
    this.#readme = readme;
  }

  /**
   * @param {unknown} _contexts
   * @param {{ testResults: { testFilePath: string, testResults: import('./contract.tables.js').TestRun[] }[] }} results
   */
  onRunComplete(_contexts, { testResults }) {
    const ran = testResults.filter((file) => storesOf(file.testResults).length > 0);
    const files = new Set(ran.map(({ testFilePath }) => relative('.', testFilePath)));
    const silent = contractSpecs().filter((file) => !files.has(file));
    if (silent.length > 0) return this.#missing(silent);
    const stores = storesOf(ran.flatMap((file) => file.testResults));
    // With --json, standard output is for the machine.
    (this.#settings.json ? console.error : console.log)(`\n${countTable(stores)}\n`);
    if (stores.every(({ failed }) => failed === 0)) this.#compare(guaranteeTable(stores));
  }

  /** What Jest asks for: a run with an error has failed. */
  getLastError() {
    return this.#error;
  }

  /** Jest ran some suites and not others, as it does most of the time; but `npm run test:stores` means all. @param {string[]} files */
  #missing(files) {
    if (this.#settings.testNamePattern !== PATTERN) return;
    this.#fail(`${files.join(', ')}: describes a store to the contract, and none of its tests ran.`);
  }

  /** @param {string} table */
  #compare(table) {
    const readme = readFileSync(this.#readme, 'utf8');
    if (tableIn(readme) === table) return;
    if (this.#settings.updateSnapshot === 'all') {
      writeFileSync(
        this.#readme,
        readme.replace(BEGIN + tableIn(readme), () => BEGIN + table),
      );
      return;
    }
    this.#fail(
      `${this.#readme}: its table of guarantees is not what the stores have proven. \`npm run test:stores -- -u\` writes it.`,
    );
  }

  /** Jest only asks whether there is an error; saying which is left to us. @param {string} message */
  #fail(message) {
    this.#error = new Error(message);
    console.error(`${message}\n`);
  }
}
