// @ts-check
/** Everybody in turn, again and again. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ROUTES } from './apps/shop.js';
import { TOLERATED } from './starvation.js';

/** @typedef {import('./child.js').Child} Child */
/** @typedef {import('./competitor.js').Competitor} Competitor */
/** @typedef {import('./competitor.js').Route} Route */
/** @typedef {import('./plan.js').Plan} Plan */
/** @typedef {import('./report.js').RouteResults} RouteResults */

/** For a measurement in which next to nothing happened, patience or not. */
const FEWEST_RETRIES = 10;
/** Long enough for another program's short burst of work to be over. */
const PAUSE_MS = 500;

/**
 * @param {Competitor[]} competitors @param {Child} load @param {Plan} plan @param {(what: string) => void} tell
 * @returns {Promise<Map<string, RouteResults>>} by route
 */
export async function runRounds(competitors, load, plan, tell) {
  for (const competitor of competitors) {
    tell(`warming up ${competitor.contestant.title}`);
    for (const route of ROUTES) await competitor.loadRoute(load, route, plan.warmUp);
  }
  /** @type {Map<string, RouteResults>} */
  const results = new Map(ROUTES.map(({ name }) => [name, new Map()]));
  const patience = { left: plan.patience };
  for (let round = 0; round < plan.rounds; round++) {
    tell(`round ${round + 1} of ${plan.rounds}`);
    for (const route of ROUTES) {
      // Another one begins each time, so that nobody always comes after the same neighbour's garbage.
      for (const competitor of rotate(competitors, round)) {
        const { name } = competitor.contestant;
        const before = results.get(route.name)?.get(name) ?? [];
        results.get(route.name)?.set(name, [...before, await measure(competitor, load, route, plan, patience)]);
      }
    }
  }
  // Sessions lost under load would have made the rest cheap.
  for (const competitor of competitors) await competitor.verify();
  return results;
}

/**
 * The least disturbed of several measurements: the first, as long as nobody else wants the core.
 *
 * @param {Competitor} competitor @param {Child} load @param {Route} route
 * @param {Plan} plan @param {{ left: number }} patience
 */
async function measure(competitor, load, route, { leadIn, seconds }, patience) {
  await competitor.loadRoute(load, route, leadIn);
  let best = await competitor.measure(load, route, seconds);
  for (let retry = 1; isWorthRepeating(best, retry, patience); retry++) {
    patience.left--;
    await sleep(PAUSE_MS);
    await competitor.loadRoute(load, route, leadIn);
    const again = await competitor.measure(load, route, seconds);
    if (again.starved < best.starved) best = again;
  }
  if (best.starved === Infinity) {
    throw new Error(`${competitor.contestant.title} hardly got to run: this machine is too busy for a benchmark.`);
  }
  return best;
}

/** @param {import('./competitor.js').Measurement} best @param {number} retry @param {{ left: number }} patience */
function isWorthRepeating({ starved }, retry, patience) {
  return starved === Infinity ? retry < FEWEST_RETRIES : starved > TOLERATED && patience.left > 0;
}

/** @template T @param {T[]} list @param {number} by */
function rotate(list, by) {
  const from = by % list.length;
  return [...list.slice(from), ...list.slice(0, from)];
}
