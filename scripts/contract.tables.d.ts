/** What Jest knows of one test. */
export interface TestRun {
  readonly ancestorTitles: string[];
  readonly title: string;
  readonly status: string;
}

/** What the contract has shown of one store. */
export interface StoreRun {
  /** As given to `describeSessionStore`. */
  readonly name: string;
  /** Of the tests that ran, whether they passed or not. */
  readonly titles: Set<string>;
  readonly passed: number;
  readonly failed: number;
  /** What the store declares, in the words of the suite, and has been found to have. */
  readonly declared: Set<string>;
  /** Whether two stores on one engine were tested. */
  readonly shared: boolean;
}

/** The stores that the contract was run on, by name. Tests that were left out are not looked at. */
export function storesOf(tests: readonly TestRun[]): StoreRun[];

/** Tests per store, as text: passed, failed, and those that others were asked and it was not. */
export function countTable(stores: readonly StoreRun[]): string;

/** The README's table of guarantees, as Markdown. */
export function guaranteeTable(stores: readonly StoreRun[]): string;
