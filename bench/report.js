// @ts-check
/** From figures to text. */
import { readFileSync } from 'node:fs';
import os from 'node:os';
import { CONNECTIONS, SESSIONS } from './competitor.js';
import { TOLERATED } from './starvation.js';

/** @typedef {import('./summary.js').Row} Row */
/** @typedef {import('./targets.js').Verdict} Verdict */

const COLUMNS = ['contestant', 'CPU/request', 'of bare, by CPU', 'requests/s', 'of bare', 'p50', 'p99', 'store calls'];

/** Whoever uses less of its core than this was held up by something else: the database, or the load. */
const SATURATED = 0.85;

const EVERYBODY = ['@nestjs/core', 'express', 'fastify'];

/** A table for each framework and case. @param {Row[]} rows */
export function formatTables(rows) {
  const groups = new Map(
    rows.map((row) => [`${row.framework}, ${row.case}`, rows.filter((other) => isBeside(row, other))]),
  );
  return [...groups].map(([title, group]) => `### ${title}\n\n${table(COLUMNS, group.map(cells))}`).join('\n\n');
}

/** @param {Verdict[]} verdicts */
export function formatVerdicts(verdicts) {
  const missed = verdicts.filter(({ met }) => !met);
  if (missed.length === 0) return `All ${verdicts.length} targets that this run measures are met.`;
  const rows = missed.map(({ what, wanted, measured }) => [what, wanted, measured]);
  return `${missed.length} of ${verdicts.length} targets are missed:\n\n${table(['target', 'wanted', 'measured'], rows)}`;
}

/**
 * What somebody else needs to know to judge the figures, and nothing that says whose machine it was.
 *
 * @param {{ contestants: import('./contestants.js').Contestant[], servers: string[], cores: string, load: string, plan: import('./plan.js').Plan }} run
 * @param {import('./rounds.js').Results} results
 */
export function formatFacts({ contestants, servers, cores, load, plan }, results) {
  const packages = [...EVERYBODY, ...contestants.flatMap((contestant) => contestant.packages)];
  const versions = [...new Set(packages)].map((name) => `${name} ${versionOf(name)}`);
  const date = new Date().toISOString().slice(0, 10);
  return [
    `Measured on ${date}${plan.quick ? ' with `--quick`, which is too short for figures to quote' : ''}: Node ` +
      `${process.versions.node}, ${process.platform} ${process.arch}, ${os.cpus().length} cores ` +
      `(${os.cpus()[0]?.model.trim()}); ${[...versions, ...servers].join(', ')}.`,
    `${plan.rounds} rounds of ${plan.seconds} s per case and contestant, ${load} with ${CONNECTIONS} connections, ` +
      `${SESSIONS} sessions. ${cores}`,
    `*: used less than ${percent(SATURATED)} % of its core, so something else was the limit. ${describeDisturbance(results)}`,
  ].join('\n');
}

/** @param {import('./rounds.js').Results} results */
function describeDisturbance(results) {
  const all = [...results.values()].flatMap((measured) => [...measured.values()].flat());
  const disturbed = all.filter(({ starved }) => starved > TOLERATED).length;
  return `In ${disturbed} of ${all.length} measurements other programs had a core for more than ${percent(TOLERATED)} % of the time.`;
}

/** @param {Row} row */
function cells({ busy, calls, cpu, cpuShare, cpuShareHigh, cpuShareLow, p50, p99, perSecond, role, share, title }) {
  const range = ` (${percent(cpuShareLow)}–${percent(cpuShareHigh)})`;
  return [
    title,
    `${Math.round(cpu)} µs`,
    `${percent(cpuShare)} %${role === 'bare' ? '' : range}`,
    Math.round(perSecond).toLocaleString('en-US') + (busy < SATURATED ? ' *' : ''),
    `${percent(share)} %`,
    `${p50.toFixed(1)} ms`,
    `${p99.toFixed(1)} ms`,
    calls.toFixed(2),
  ];
}

/** @param {string[]} columns @param {string[][]} rows the first column is text, the others are figures */
export function table(columns, rows) {
  const rule = columns.map((_, index) => (index === 0 ? ':--' : '--:'));
  return [columns, rule, ...rows].map((line) => `| ${line.join(' | ')} |`).join('\n');
}

/** @param {Row} one @param {Row} other */
const isBeside = (one, other) => one.framework === other.framework && one.case === other.case;

const percent = (/** @type {number} */ share) => Math.round(share * 100);

/** @param {string} name @returns {string} */
function versionOf(name) {
  const manifest = new URL(`../node_modules/${name}/package.json`, import.meta.url);
  return JSON.parse(readFileSync(manifest, 'utf8')).version;
}
