// @ts-check
/**
 * npm run bench:budget: writes what requests take today into budget.json, which CI holds them to from then on. A figure
 * that grows wants a reason in the commit.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { countAll } from './counts.js';

/** @typedef {import('./counts.js').AllCounts} AllCounts */

const FILE = new URL('budget.json', import.meta.url);

/** How much more than the budget is taken for the same, by figure. All others are whole numbers that never vary. */
const TOLERANCE = /** @type {Record<string, number>} */ ({ bytes: 0.05 });
/** And this. V8 takes memory in pages, and one more of them is a thousand bytes for each request counted. */
const SLACK = /** @type {Record<string, number>} */ ({ bytes: 1_500 });

/** @returns {AllCounts} */
export function readBudget() {
  return JSON.parse(readFileSync(FILE, 'utf8'));
}

/** @param {AllCounts} budget @param {AllCounts} counts @returns {string[]} what is over the budget, a line for each */
export function overruns(budget, counts) {
  return Object.entries(budget).flatMap(([application, cases]) =>
    Object.entries(cases).flatMap(([name, figures]) =>
      Object.entries(figures).flatMap(([figure, allowed]) => {
        const measured = /** @type {Record<string, number>} */ (/** @type {unknown} */ (counts[application]?.[name]))?.[
          figure
        ];
        const limit = allowed + Math.abs(allowed) * (TOLERANCE[figure] ?? 0) + (SLACK[figure] ?? 0);
        if (measured !== undefined && measured <= limit) return [];
        return [`${application}, ${name}: ${figure} is ${measured}, and the budget is ${allowed}`];
      }),
    ),
  );
}

/** V8 now and then makes something for itself; what is over the budget by our doing is so every time. */
export async function overrunsNow() {
  const budget = readBudget();
  const first = overruns(budget, await countAll());
  return first.length > 0 ? overruns(budget, await countAll()) : first;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const counts = await countAll();
  for (const line of overruns(readBudget(), counts)) console.log(line);
  writeFileSync(FILE, `${JSON.stringify(counts, null, 2)}\n`);
}
