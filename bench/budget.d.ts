/** Figures of a request by application, case and name: see `Counts` in counts.js. */
export type AllCounts = Record<string, Record<string, Record<string, number>>>;

/** What budget.json allows. */
export function readBudget(): AllCounts;

/** What is over the budget, a line for each. What was not counted is, too. */
export function overruns(budget: AllCounts, counts: AllCounts): string[];

/** The same of the library as it was built: counts it, and counts again what is over the budget at first. */
export function overrunsNow(): Promise<string[]>;
