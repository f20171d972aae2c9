import type { TestRun } from './contract.tables.js';

/** The README's table of guarantees. Throws if there is no place for it. */
export function tableIn(readme: string): string;

/**
 * Jest's reporter for the store contract. When it ran on every store, this prints how many tests each has passed, and
 * fails the run if the README's table of guarantees is not what they have proven; with `-u`, it writes the table.
 */
export default class ContractReporter {
  constructor(
    settings: { json?: boolean; testNamePattern?: string; updateSnapshot?: string },
    options?: { readme?: string },
  );
  onRunComplete(contexts: unknown, results: { testResults: { testFilePath: string; testResults: TestRun[] }[] }): void;
  getLastError(): Error | undefined;
}
