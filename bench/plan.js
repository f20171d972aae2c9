// @ts-check
/** What the command line asks for. */
import { parseArgs } from 'node:util';

/**
 * @typedef {object} Plan
 * @property {boolean} quick
 * @property {boolean} check whether a missed target is a failure
 * @property {string[]} only
 * @property {string[]} cases names; none: all
 * @property {number} rounds
 * @property {number} seconds per contestant, case and round
 * @property {number} warmUp seconds per contestant and case, before the first round
 * @property {number} patience how many measurements may be taken again because other programs got in the way
 * @property {number} leadIn seconds before each measurement, for caches to fill and pools to connect again
 */

// Many short rounds instead of a few long ones: on a machine that does other things too, they meet the same weather.
const DEFAULT = { rounds: 7, seconds: 0.8, warmUp: 2, leadIn: 0.3, patience: 200, cases: [] };
const QUICK = { rounds: 1, seconds: 0.25, warmUp: 0.5, leadIn: 0.1, patience: 0, cases: ['read', 'write'] };

/** @param {string[]} args @returns {Plan} */
export function readPlan(args) {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [] },
      cases: { type: 'string', multiple: true, default: [] },
      rounds: { type: 'string' },
      patience: { type: 'string' },
    },
  });
  const { quick, check } = values;
  const plan = quick ? QUICK : DEFAULT;
  const cases = listIn(values.cases);
  return {
    ...plan,
    quick,
    check,
    only: listIn(values.only),
    cases: cases.length > 0 ? cases : plan.cases,
    rounds: wholeNumber('--rounds', values.rounds) ?? plan.rounds,
    patience: wholeNumber('--patience', values.patience) ?? plan.patience,
  };
}

/** @param {string[]} given */
const listIn = (given) => given.flatMap((names) => names.split(',')).filter(Boolean);

/** @param {string} option @param {string} [text] */
function wholeNumber(option, text) {
  if (text === undefined) return undefined;
  if (!/^\d+$/.test(text)) throw new Error(`${option} is a whole number, not ${text}.`);
  return Number(text);
}
