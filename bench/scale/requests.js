// @ts-check
/** Requests to a whole application, with more and more data, connections, and how long the module takes to start. */
import { Child } from '../child.js';
import { CASES } from '../apps/shop.js';
import { Competitor } from '../competitor.js';
import { selectContestants } from '../contestants.js';
import { chooseCores } from '../cores.js';
import { table } from '../report.js';
import { median } from '../summary.js';
import { TARGETS } from '../targets.js';

const KILOBYTES = [1, 4, 16, 64];
const CONNECTIONS = [1, 8, 32, 128, 512];
const SECONDS = 1;
const STARTS = 15;

/** @typedef {(what: string) => void} Tell */

/** In process, since what grows is ours: the same for every way in. @param {Tell} tell */
export async function data(tell) {
  const rows = [];
  for (const store of ['memory', 'cookie']) {
    for (const size of store === 'cookie' ? [1, 2] : KILOBYTES) {
      tell(`${store}: ${size} KB of data`);
      const child = new Child('scale/data.process.js');
      const figures = await child.ask('measure', { store, bytes: size * 1_000 });
      await child.stop();
      rows.push([store, `${size} KB`, ...figures.map((/** @type {number} */ one) => `${one.toFixed(0)} µs`)]);
    }
  }
  const columns = ['store', 'data', 'reads one small field', 'writes one small field', 'reads all', 'writes all'];
  return table(columns, rows);
}

/** @param {Tell} tell */
export async function connections(tell) {
  const cores = chooseCores();
  const contestants = selectContestants(['express-ours-memory-lazy', 'fastify-ours-memory-lazy']);
  const load = new Child('load.process.js', { core: cores?.load });
  const read = CASES.find(({ name }) => name === 'read');
  const rows = [];
  try {
    for (const contestant of contestants.filter(({ role }) => role !== 'floor')) {
      const competitor = new Competitor(contestant, { core: cores?.app });
      await competitor.start();
      for (const count of CONNECTIONS) {
        tell(`${contestant.name}: ${count} connections`);
        if (!read) break;
        await competitor.put(load, read, SECONDS / 2, count);
        const { perSecond, cpu, p50, p99 } = await competitor.measure(load, read, SECONDS, count);
        const figures = [Math.round(perSecond).toLocaleString('en-US'), `${cpu.toFixed(0)} µs`, `${p50.toFixed(1)} ms`];
        rows.push([contestant.name, String(count), ...figures, `${p99.toFixed(1)} ms`]);
      }
      await competitor.stop();
    }
  } finally {
    await load.stop();
  }
  return table(['application', 'connections', 'requests/s', 'CPU/request', 'p50', 'p99'], rows);
}

/** Of the same small application, with and without. @param {Tell} tell */
export async function startUp(tell) {
  tell('start-up');
  const times = /** @type {Record<string, number[]>} */ ({ bare: [], ours: [], load: [] });
  for (let start = 0; start < STARTS; start++) {
    for (const [name, list] of Object.entries(times)) {
      const child = new Child('scale/start.process.js');
      list.push(await child.ask(name));
      await child.stop();
    }
  }
  const least = (/** @type {string} */ name) => Math.min(...(times[name] ?? []));
  const middle = (/** @type {string} */ name) => median(times[name] ?? []);
  const row = (/** @type {string} */ what, /** @type {string} */ name) => [what, show(least(name)), show(middle(name))];
  const rows = [
    row('loading `nest-sessions`, with Nest loaded', 'load'),
    row('creating and initialising an application without it', 'bare'),
    row('the same with it', 'ours'),
  ];
  const total = least('load') + least('ours') - least('bare');
  const verdict = `Together ${total.toFixed(0)} ms by the least, and at most ${TARGETS.startUpMs} ms are wanted.`;
  return `${table(['what', 'least', 'median'], rows)}\n\n${verdict}`;
}

/** @param {number} milliseconds */
const show = (milliseconds) => `${milliseconds.toFixed(1)} ms`;
