// @ts-check
/** From measurements to figures: medians over the rounds, and shares of what bare Nest did in the same round. */

/** @typedef {import('./contestants.js').Contestant} Contestant */
/** @typedef {import('./competitor.js').Measurement} Measurement */

/**
 * One contestant in one case. Shares are medians of the rounds' shares, with bare Nest of the same framework as 1.
 *
 * @typedef {object} Row
 * @property {string} case
 * @property {string} name
 * @property {string} title
 * @property {Contestant['framework']} framework
 * @property {Contestant['role']} role
 * @property {Contestant['store']} store
 * @property {Contestant['load']} load
 * @property {number} perSecond
 * @property {number} share of bare, by requests per second
 * @property {number} cpu microseconds per request
 * @property {number} cpuShare of bare: what bare Nest takes of processor time, divided by what this one takes
 * @property {number} cpuShareLow the lowest of the rounds
 * @property {number} cpuShareHigh the highest
 * @property {number} p50 milliseconds
 * @property {number} p99 milliseconds
 * @property {number} calls to the store, per request
 * @property {number} busy
 * @property {number} loadBusy
 */

/** @param {Contestant[]} contestants @param {import('./rounds.js').Results} results @returns {Row[]} */
export function summarize(contestants, results) {
  return contestants.flatMap((contestant) => {
    const bare = contestants.find(({ role, framework }) => role === 'bare' && framework === contestant.framework);
    return [...results].map(([name, measured]) =>
      Object.assign(
        { case: name, ...identityOf(contestant) },
        figures(measured.get(contestant.name) ?? [], measured.get(bare?.name ?? '') ?? []),
      ),
    );
  });
}

/** @param {Contestant} contestant */
function identityOf({ name, title, framework, role, store, load }) {
  return { name, title, framework, role, store, load };
}

/** @param {Measurement[]} rounds @param {Measurement[]} bare */
function figures(rounds, bare) {
  // Rounds are minutes apart and the machine may have other things to do: compare what was measured together.
  const shares = rounds.map(({ perSecond }, round) => perSecond / (bare[round]?.perSecond ?? NaN));
  const cpuShares = rounds.map(({ cpu }, round) => (bare[round]?.cpu ?? NaN) / cpu);
  return {
    perSecond: medianOf(rounds, 'perSecond'),
    share: median(shares),
    cpu: medianOf(rounds, 'cpu'),
    cpuShare: median(cpuShares),
    cpuShareLow: Math.min(...cpuShares),
    cpuShareHigh: Math.max(...cpuShares),
    p50: medianOf(rounds, 'p50'),
    p99: medianOf(rounds, 'p99'),
    calls: medianOf(rounds, 'calls'),
    busy: medianOf(rounds, 'busy'),
    loadBusy: medianOf(rounds, 'loadBusy'),
  };
}

/** @param {Measurement[]} rounds @param {keyof Measurement} figure */
const medianOf = (rounds, figure) => median(rounds.map((measurement) => measurement[figure]));

/** @param {number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? NaN) + (sorted[Math.floor(middle)] ?? NaN)) / 2;
}
