// @ts-check
/** From measurements to a table. */
import { readFileSync } from 'node:fs';
import os from 'node:os';
import { BASELINE } from './contestants.js';
import { CONNECTIONS, SESSIONS } from './competitor.js';
import { TOLERATED } from './starvation.js';

/** @typedef {import('./competitor.js').Measurement} Measurement */
/** @typedef {Map<string, Measurement[]>} RouteResults by name of the contestant, one measurement per round */

const HEADER = [
  ['route', 'contestant', 'requests/s', 'of bare (min–max)', 'CPU/request', 'times bare', 'p99', 'store calls'],
  [':--', ':--', '--:', '--:', '--:', '--:', '--:', '--:'],
];

/** Whoever uses less of its core than this was held up by something else: the database, or the load. */
const SATURATED = 0.85;

const EVERYBODY = ['@nestjs/core', 'express', 'autocannon'];

/** @param {import('./contestants.js').Contestant[]} contestants @param {Map<string, RouteResults>} results by route */
export function formatTable(contestants, results) {
  const rows = [...results].flatMap(([route, measured]) =>
    contestants.map(({ name, title }) => [`/${route}`, title, ...figures(of(measured, name), of(measured, BASELINE))]),
  );
  return [...HEADER, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/**
 * What somebody else needs to know to judge the figures, and nothing that says whose machine it was.
 *
 * @param {{ contestants: import('./contestants.js').Contestant[], servers: string[], cores: string, plan: import('./plan.js').Plan }} run
 * @param {Map<string, RouteResults>} results
 */
export function formatFacts({ contestants, servers, cores, plan }, results) {
  const packages = [...EVERYBODY, ...contestants.flatMap(({ packages = [] }) => packages)];
  const versions = [...new Set(packages)].map((name) => `${name} ${versionOf(name)}`);
  const date = new Date().toISOString().slice(0, 10);
  return [
    `Measured on ${date}${plan.quick ? ' with `--quick`, which is too short for figures to quote' : ''}: Node ` +
      `${process.versions.node}, ${process.platform} ${process.arch}, ${os.cpus().length} cores ` +
      `(${os.cpus()[0]?.model.trim()}); ${[...versions, ...servers].join(', ')}.`,
    `${plan.rounds} rounds of ${plan.seconds} s per route and contestant, ${CONNECTIONS} connections, ${SESSIONS} sessions. ${cores}`,
    `*: used less than ${percent(SATURATED)} % of its core, so something else was the limit. ${describeDisturbance(results)}`,
  ].join('\n');
}

/** @param {Map<string, RouteResults>} results */
function describeDisturbance(results) {
  const all = [...results.values()].flatMap((measured) => [...measured.values()].flat());
  const disturbed = all.filter(({ starved }) => starved > TOLERATED).length;
  return `In ${disturbed} of ${all.length} measurements another program had the core for more than ${percent(TOLERATED)} % of the time.`;
}

/** @param {Measurement[]} rounds @param {Measurement[]} baseline */
function figures(rounds, baseline) {
  const isBaseline = rounds === baseline;
  // Rounds are half a minute apart and the machine may have other things to do: compare what was measured together.
  const shares = rounds.map(({ perSecond }, round) => perSecond / (baseline[round]?.perSecond ?? NaN));
  const costs = rounds.map(({ cpu }, round) => cpu / (baseline[round]?.cpu ?? NaN));
  const heldUp = medianOf(rounds, 'busy') < SATURATED;
  return [
    Math.round(medianOf(rounds, 'perSecond')).toLocaleString('en-US') + (heldUp ? ' *' : ''),
    isBaseline
      ? '100 %'
      : `${percent(median(shares))} % (${percent(Math.min(...shares))}–${percent(Math.max(...shares))})`,
    `${Math.round(medianOf(rounds, 'cpu'))} µs`,
    median(costs).toFixed(2),
    `${medianOf(rounds, 'p99').toFixed(1)} ms`,
    medianOf(rounds, 'calls').toFixed(2),
  ];
}

/** @param {Measurement[]} rounds @param {keyof Measurement} figure */
const medianOf = (rounds, figure) => median(rounds.map((measurement) => measurement[figure]));

/** @param {number[]} values */
function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? NaN) + (sorted[Math.floor(middle)] ?? NaN)) / 2;
}

const percent = (/** @type {number} */ share) => Math.round(share * 100);

/** @param {RouteResults} measured @param {string} name */
const of = (measured, name) => measured.get(name) ?? [];

/** @param {string} name @returns {string} */
function versionOf(name) {
  const manifest = new URL(`../node_modules/${name}/package.json`, import.meta.url);
  return JSON.parse(readFileSync(manifest, 'utf8')).version;
}
