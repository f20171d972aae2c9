// @ts-check
/** Everybody in turn, again and again. */
import { setTimeout as sleep } from 'node:timers/promises';
import { TOLERATED } from './starvation.js';

/** @typedef {import('./child.js').Child} Child */
/** @typedef {import('./competitor.js').Case} Case */
/** @typedef {import('./competitor.js').Competitor} Competitor */
/** @typedef {import('./competitor.js').Measurement} Measurement */
/** @typedef {import('./plan.js').Plan} Plan */

/** By the name of the case, then by that of the contestant: one measurement per round. @typedef {Map<string, Map<string, Measurement[]>>} Results */

/** For a measurement in which next to nothing happened, patience or not. */
const FEWEST_RETRIES = 10;
/** Long enough for another program's short burst of work to be over. */
const PAUSE_MS = 500;

/**
 * @param {Competitor[]} competitors @param {Child} load @param {Case[]} cases @param {Plan} plan
 * @param {(what: string) => void} tell @returns {Promise<Results>}
 */
export async function runRounds(competitors, load, cases, plan, tell) {
  for (const competitor of competitors) {
    tell(`warming up ${competitor.contestant.name}`);
    for (const what of cases) await competitor.put(load, what, plan.warmUp);
  }
  /** @type {Results} */
  const results = new Map(cases.map(({ name }) => [name, new Map()]));
  const patience = { left: plan.patience };
  for (let round = 0; round < plan.rounds; round++) {
    tell(`round ${round + 1} of ${plan.rounds}`);
    // Another one begins each time, so that nobody always comes after the same neighbour's garbage.
    for (const competitor of rotate(competitors, round)) {
      for (const what of cases) {
        const measurement = await measure(competitor, load, what, plan, patience);
        const measured = results.get(what.name) ?? new Map();
        const { name } = competitor.contestant;
        measured.set(name, [...(measured.get(name) ?? []), measurement]);
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
 * @param {Competitor} competitor @param {Child} load @param {Case} what
 * @param {Plan} plan @param {{ left: number }} patience
 */
async function measure(competitor, load, what, { leadIn, seconds }, patience) {
  await competitor.put(load, what, leadIn);
  let best = await competitor.measure(load, what, seconds);
  for (let retry = 1; isWorthRepeating(best, retry, patience); retry++) {
    patience.left--;
    await sleep(PAUSE_MS);
    await competitor.put(load, what, leadIn);
    const again = await competitor.measure(load, what, seconds);
    if (again.starved < best.starved) best = again;
  }
  if (best.starved === Infinity) {
    throw new Error(`${competitor.contestant.name} hardly got to run: this machine is too busy for a benchmark.`);
  }
  return best;
}

/** @param {Measurement} best @param {number} retry @param {{ left: number }} patience */
function isWorthRepeating({ starved }, retry, patience) {
  return starved === Infinity ? retry < FEWEST_RETRIES : starved > TOLERATED && patience.left > 0;
}

/** @template T @param {T[]} list @param {number} by */
function rotate(list, by) {
  const from = by % list.length;
  return [...list.slice(from), ...list.slice(0, from)];
}
