// @ts-check
/** Holds the figures of a run against the targets. Shares are those of processor time: requests per second swing with the machine. */
import { readFileSync } from 'node:fs';

/** @typedef {import('./summary.js').Row} Row */
/** @typedef {{ what: string, wanted: string, measured: string, met: boolean }} Verdict */

export const TARGETS = JSON.parse(readFileSync(new URL('targets.json', import.meta.url), 'utf8'));

/** A touch of a session whose turn came during the run is one call in some thousands. */
const STRAY_CALLS = 0.03;

/** @param {Row[]} rows @returns {Verdict[]} one for each target that this run measured */
export function judge(rows) {
  const rules = [shareOfBare, shareOfFloor, aheadOfPeers, latency, storeCalls];
  return rows.filter(({ role }) => role === 'ours').flatMap((row) => rules.flatMap((rule) => rule(row, rows)));
}

/** @param {Row} row @returns {Verdict[]} */
function shareOfBare(row) {
  const { cpuShare, framework, load } = row;
  if (load !== 'lazy') return [];
  const wanted = isWithoutSession(row)
    ? TARGETS.lazyPlainOfBare
    : TARGETS.lazyOfBare[framework][row.store ?? '']?.[row.case];
  return atLeast(`${titleOf(row)}: share of bare`, wanted, cpuShare);
}

/** @param {Row} row @param {Row[]} rows @returns {Verdict[]} */
function shareOfFloor(row, rows) {
  if (row.load !== 'eager' || !['read', 'write'].includes(row.case)) return [];
  const [floor] = rivalsOf(row, rows, 'floor');
  if (!floor) return [];
  const what = `${titleOf(row)}: share of the idle interceptor`;
  return atLeast(what, TARGETS.eagerOfIdleInterceptor[row.store ?? ''], floor.cpu / row.cpu);
}

/** Those that keep sessions in the same kind of place. @param {Row} row @param {Row[]} rows @returns {Verdict[]} */
function aheadOfPeers(row, rows) {
  const peers = rivalsOf(row, rows, 'peer').filter(({ store }) => store === row.store);
  return peers.flatMap((peer) =>
    atLeast(`${titleOf(row)}: times faster than ${peer.title}`, TARGETS.timesAheadOfPeers, peer.cpu / row.cpu),
  );
}

/** @param {Row} row @param {Row[]} rows @returns {Verdict[]} */
function latency(row, rows) {
  const peers = rivalsOf(row, rows, 'peer').filter(({ store }) => store === row.store);
  if (peers.length === 0) return [];
  const best = Math.min(...peers.map(({ p99 }) => p99));
  const what = `${titleOf(row)}: p99, no worse than the best peer's`;
  return [{ what, wanted: `<= ${best.toFixed(1)} ms`, measured: `${row.p99.toFixed(1)} ms`, met: row.p99 <= best }];
}

/** @param {Row} row @returns {Verdict[]} */
function storeCalls(row) {
  const wanted = TARGETS.storeCalls[row.store ?? '']?.[row.case];
  if (wanted === undefined) return [];
  const met = row.calls <= wanted + STRAY_CALLS;
  return [{ what: `${titleOf(row)}: store calls`, wanted: `<= ${wanted}`, measured: row.calls.toFixed(2), met }];
}

/** @param {string} what @param {number | undefined} wanted @param {number} measured @returns {Verdict[]} */
function atLeast(what, wanted, measured) {
  if (wanted === undefined) return [];
  return [{ what, wanted: `>= ${wanted}`, measured: measured.toFixed(2), met: measured >= wanted }];
}

/** @param {Row} row @param {Row[]} rows @param {Row['role']} role */
function rivalsOf(row, rows, role) {
  return rows.filter((other) => other.role === role && other.framework === row.framework && other.case === row.case);
}

/** Only `/plain` does not ask for one: a stranger at `/read` gets an empty session. @param {Row} row */
const isWithoutSession = (row) => row.case === 'plain';

/** @param {Row} row */
const titleOf = (row) => `${row.framework}, ${row.title}, ${row.case}`;
