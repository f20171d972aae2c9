import { jest } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import ContractReporter, { tableIn } from '../../scripts/contract.reporter.js';
import { contractSpecs } from '../../scripts/contract.specs.js';
import { countTable, guaranteeTable, storesOf, type TestRun } from '../../scripts/contract.tables.js';

const PATTERN = 'keeps the session store contract';

function testOf(store: string, theme: string, title: string, status = 'passed'): TestRun {
  return { ancestorTitles: [`${store} keeps the session store contract`, theme], title, status };
}

const CACHE = [
  testOf('CacheStore', 'declarations', 'is atomic, by its own declaration'),
  testOf('CacheStore', 'declarations', 'not listable, by its own declaration'),
  testOf('CacheStore', 'create and read', 'gives it back'),
  testOf('CacheStore', 'sessions of a user', 'does not apply: not listable, by its own declaration'),
];

const TABLE = [
  testOf('TableStore on Oracle', 'declarations', 'is atomic, by its own declaration'),
  testOf('TableStore on Oracle', 'declarations', 'is listable, by its own declaration'),
  testOf('TableStore on Oracle', 'declarations', 'is sweepable, by its own declaration'),
  testOf('TableStore on Oracle', 'create and read', 'gives it back'),
  testOf('TableStore on Oracle', 'sessions of a user', 'lists them'),
  testOf('TableStore on Oracle', 'another store on the same engine', 'finds what the first has stored'),
];

const PENDING: TestRun = { ancestorTitles: ['another suite'], title: 'left out', status: 'pending' };

describe('the tables of the store contract', () => {
  it('count what passed, what failed, and what others were asked', () => {
    const failed = testOf('TableStore on Oracle', 'create and read', 'refuses an id', 'failed');
    expect(countTable(storesOf([...TABLE, failed, PENDING, ...CACHE])).split('\n')).toEqual([
      'store                 passed  failed  does not apply',
      'CacheStore                 3       0               3',
      'TableStore on Oracle       6       1               0',
    ]);
  });

  it('say what has been proven, store by store', () => {
    const [, , cache, table] = guaranteeTable(storesOf([...TABLE, ...CACHE])).split('\n');
    expect(cache).toBe('| `CacheStore` | yes | no | no | no | no | the engine |');
    expect(table).toBe('| `TableStore` on Oracle | yes | no | no | yes | yes | the sweep |');
  });

  it('have one row for all that a store was tested on with the same outcome', () => {
    const onMany = CACHE.map((test) => testOf('CacheStore on many', test.ancestorTitles[1]!, test.title));
    const onDb2 = TABLE.slice(1).map((test) => testOf('TableStore on DB2', test.ancestorTitles[1]!, test.title));
    const [, , ...rows] = guaranteeTable(storesOf([...CACHE, ...onMany, ...TABLE, ...onDb2])).split('\n');
    expect(rows).toEqual([
      '| `CacheStore`; on many | yes | no | no | no | no | the engine |',
      '| `TableStore` on DB2 | no | no | no | yes | yes | the sweep |',
      '| `TableStore` on Oracle | yes | no | no | yes | yes | the sweep |',
      '',
    ]);
  });

  it('a declaration that was not found true is none', () => {
    const refuted = testOf('BoastingStore', 'declarations', 'is atomic, by its own declaration', 'failed');
    expect(guaranteeTable(storesOf([refuted]))).toContain('| `BoastingStore` | no |');
  });
});

describe('the specs of the store contract', () => {
  it('are found by what they call, in every store’s folder', () => {
    const folders = contractSpecs().map((file) => /stores\/(\w+)\//.exec(file)?.[1]);
    expect(folders).toEqual(expect.arrayContaining(['file', 'memcached', 'memory', 'redis', 'typeorm']));
  });

  it('are not those of the suite itself, nor those that only speak of it', () => {
    const others = /testing\/|guarantees\.spec|your-own-store\.spec/;
    expect(contractSpecs().filter((file) => others.test(file))).toEqual([]);
  });
});

describe('the README’s table of guarantees', () => {
  let folder: string;
  let readme: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'nest-sessions-readme-'));
    readme = join(folder, 'README.md');
    writeFileSync(readme, readFileSync('README.md'));
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  /** Runs the reporter on results that are the same for each of these specs. */
  function report(tests: TestRun[], settings = {}, files = contractSpecs()): string | undefined {
    const [log, error] = [jest.spyOn(console, 'log'), jest.spyOn(console, 'error')];
    for (const print of [log, error]) print.mockReturnValue();
    const reporter = new ContractReporter(settings, { readme });
    const testResults = files.map((file) => ({ testFilePath: resolve(file), testResults: tests }));
    reporter.onRunComplete(undefined, { testResults });
    const message = reporter.getLastError()?.message;
    expect(error.mock.calls).toEqual(message === undefined ? [] : [[`${message}\n`]]);
    jest.restoreAllMocks();
    return message;
  }

  it('has the columns that are proven, and a row for every store that comes with the library', () => {
    const table = tableIn(readFileSync('README.md', 'utf8'));
    expect(table).toContain(guaranteeTable([]));
    for (const store of ['File', 'Memcached', 'Memory', 'Redis', 'TypeOrm']) {
      expect(table).toContain(`\n| \`${store}SessionStore\``);
    }
  });

  it('has to be what was proven, or the run has failed', () => {
    expect(report(TABLE)).toMatch(/its table of guarantees is not what the stores have proven.*test:stores -- -u/);
    expect(readFileSync(readme, 'utf8')).toBe(readFileSync('README.md', 'utf8'));
  });

  it('is written with -u, and holds from then on', () => {
    expect(report(TABLE, { updateSnapshot: 'all' })).toBeUndefined();
    expect(tableIn(readFileSync(readme, 'utf8'))).toBe(guaranteeTable(storesOf(TABLE)));
    expect(report(TABLE)).toBeUndefined();
    writeFileSync(readme, readFileSync(readme, 'utf8').replace(tableIn(readFileSync(readme, 'utf8')), ''));
    expect(report(TABLE, { updateSnapshot: 'all' })).toBeUndefined();
    expect(report(TABLE)).toBeUndefined();
  });

  it('is not written of stores that have failed', () => {
    const failed = testOf('TableStore on Oracle', 'create and read', 'refuses an id', 'failed');
    expect(report([...TABLE, failed], { updateSnapshot: 'all' })).toBeUndefined();
    expect(readFileSync(readme, 'utf8')).toBe(readFileSync('README.md', 'utf8'));
  });

  it('is left alone when only some suites were run, or other tests of them', () => {
    expect(report(TABLE, {}, contractSpecs().slice(1))).toBeUndefined();
    expect(report([PENDING])).toBeUndefined();
    expect(report(TABLE, {}, [])).toBeUndefined();
  });

  it('`npm run test:stores` fails when a spec that calls the contract runs none of it', () => {
    const [silent] = contractSpecs();
    expect(report(TABLE, { testNamePattern: PATTERN }, contractSpecs().slice(1))).toBe(
      `${silent}: describes a store to the contract, and none of its tests ran.`,
    );
  });
});
