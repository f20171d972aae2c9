// @ts-check
// What a run of the store contract has shown: how many tests per store, and which guarantees they have proven.

const SUITE = / keeps the session store contract$/;
const EXCUSE = 'does not apply: ';
const DECLARED = /^is (.+), by its own declaration$/;
const SHARED = 'another store on the same engine';

/**
 * The README's columns, and how to read them off what a store declares; a store that has failed a test proves nothing.
 *
 * @type {[heading: string, cell: (store: StoreRun) => string][]}
 */
const COLUMNS = [
  ['atomic updates', ({ declared }) => yes(declared.has('atomic'))],
  ['one live token', ({ declared }) => yes(declared.has('limited to one live token'))],
  ['revoked at once', ({ declared }) => yes(declared.has('revocable'))],
  ["lists a user's sessions", ({ declared }) => yes(declared.has('listable'))],
  ['shared by processes, survives their restart', ({ shared }) => yes(shared)],
  ['what has expired is removed by', ({ declared }) => (declared.has('sweepable') ? 'the sweep' : 'the engine')],
];

/**
 * What Jest knows of one test.
 *
 * @typedef {{ ancestorTitles: string[], title: string, status: string }} TestRun
 *
 * @typedef {object} StoreRun
 * @property {string} name as given to `describeSessionStore`
 * @property {Set<string>} titles of the tests that ran, whether they passed or not
 * @property {number} passed
 * @property {number} failed
 * @property {Set<string>} declared what the store declares, in the words of the suite, and has been found to have
 * @property {boolean} shared whether two stores on one engine were tested
 */

/**
 * The stores that the contract was run on, by name. Tests that were left out are not looked at.
 *
 * @param {readonly TestRun[]} tests
 * @returns {StoreRun[]}
 */
export function storesOf(tests) {
  /** @type {Map<string, StoreRun>} */
  const stores = new Map();
  for (const test of tests) {
    const suite = test.ancestorTitles[0] ?? '';
    if (!SUITE.test(suite) || !['passed', 'failed'].includes(test.status)) continue;
    const name = suite.replace(SUITE, '');
    const store = stores.get(name) ?? newRun(name);
    stores.set(name, store);
    note(store, test);
  }
  return [...stores.values()].sort((one, two) => one.name.localeCompare(two.name, 'en'));
}

/** @param {string} name @returns {StoreRun} */
function newRun(name) {
  return { name, titles: new Set(), passed: 0, failed: 0, declared: new Set(), shared: false };
}

/** @param {StoreRun} store @param {TestRun} test */
function note(store, { ancestorTitles: [, theme = ''], status, title }) {
  if (status === 'failed') store.failed++;
  // An excuse is checked, but it is no test of the store.
  if (title.startsWith(EXCUSE)) return;
  store.titles.add(`${theme} ${title}`);
  if (status === 'failed') return;
  store.passed++;
  const part = DECLARED.exec(title)?.[1];
  if (part) store.declared.add(part);
  if (theme === SHARED) store.shared = true;
}

/**
 * Tests per store. What does not apply to a store is what others were asked and it was not.
 *
 * @param {readonly StoreRun[]} stores
 */
export function countTable(stores) {
  const all = new Set(stores.flatMap(({ titles }) => [...titles].filter(isTheme)));
  const rows = stores.map(({ failed, name, passed, titles }) => {
    return [name, passed, failed, [...all].filter((title) => !titles.has(title)).length];
  });
  const lines = [['store', 'passed', 'failed', 'does not apply'], ...rows].map((row) => row.map(String));
  const widths = [0, 1, 2, 3].map((column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map(([name = '', ...counts]) =>
      [name.padEnd(widths[0] ?? 0), ...counts.map((count, index) => count.padStart(widths[index + 1] ?? 0))].join('  '),
    )
    .join('\n');
}

/** Declarations are asked of every store, in words that depend on the answer. @param {string} title */
const isTheme = (title) => !title.startsWith('declarations ');

/**
 * The README's table of guarantees. A row holds all that one store was tested on with the same outcome.
 *
 * @param {readonly StoreRun[]} stores
 */
export function guaranteeTable(stores) {
  /** @type {Map<string, { store: string, cells: string[] }>} */
  const rows = new Map();
  for (const run of stores) {
    const [name = '', ...on] = run.name.split(' ').map((word, index) => (index ? ` ${word}` : `\`${word}\``));
    const cells = COLUMNS.map(([, cell]) => cell(run));
    const same = rows.get([name, ...cells].join());
    rows.set([name, ...cells].join(), { store: `${same ? `${same.store};` : name}${on.join('')}`, cells });
  }
  const body = [...rows.values()].map(({ cells, store }) => [store].concat(cells));
  const head = [['store'].concat(COLUMNS.map(([heading]) => heading)), ['---'].concat(COLUMNS.map(() => '---'))];
  return [...head, ...body].map((cells) => `| ${cells.join(' | ')} |\n`).join('');
}

/** @param {boolean} is */
const yes = (is) => (is ? 'yes' : 'no');
