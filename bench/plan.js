// @ts-check
/** What the command line asks for. */
import { parseArgs } from 'node:util';

/**
 * @typedef {object} Plan
 * @property {boolean} quick
 * @property {string[]} only
 * @property {number} rounds
 * @property {number} seconds per contestant, route and round
 * @property {number} warmUp seconds per contestant and route, before the first round
 * @property {number} patience how many measurements may be taken again because other programs got in the way
 * @property {number} leadIn seconds before each measurement, for caches to fill and pools to connect again
 */

// Many short rounds instead of a few long ones: on a machine that does other things too, they meet the same weather.
const DEFAULT = { rounds: 9, seconds: 0.6, warmUp: 1.5, leadIn: 0.1, patience: 100 };
const QUICK = { rounds: 3, seconds: 0.25, warmUp: 0.5, leadIn: 0.05, patience: 10 };

/** @param {string[]} args @returns {Plan} */
export function readPlan(args) {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [] },
      patience: { type: 'string' },
    },
  });
  const only = values.only.flatMap((names) => names.split(',')).filter(Boolean);
  const plan = { quick: values.quick, only, ...(values.quick ? QUICK : DEFAULT) };
  return values.patience === undefined ? plan : { ...plan, patience: wholeNumber(values.patience) };
}

/** @param {string} text */
function wholeNumber(text) {
  if (!/^\d+$/.test(text)) throw new Error(`--patience is a number of repetitions, not ${text}.`);
  return Number(text);
}
