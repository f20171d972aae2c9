// @ts-check
/**
 * npm run bench:profile [-- <contestant> [<case>]]
 *
 * Where the processor time of a request goes: V8's samples of one application under load. Writes
 * results/<contestant>.<case>.svg, a flame graph, and a table of functions beside it.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { CASES } from './apps/shop.js';
import { keepAwake } from './awake.js';
import { Child } from './child.js';
import { Competitor } from './competitor.js';
import { CONTESTANTS } from './contestants.js';
import { chooseCores } from './cores.js';
import { startServer } from './databases.js';
import { drawFlames } from './profile/flames.js';
import { hottest, treeOf } from './profile/samples.js';
import { table } from './report.js';

const RESULTS = new URL('results/', import.meta.url);
const WARM_UP = 3;
const SECONDS = 10;

const [name = 'express-ours-memory-lazy', caseName = 'read'] = process.argv.slice(2);
const contestant = CONTESTANTS.find((one) => one.name === name);
const what = CASES.find((one) => one.name === caseName);
if (!contestant || !what) throw new Error(`There is no ${name}, or no case ${caseName}. See bench/contestants.js.`);

const cores = chooseCores();
const awake = await keepAwake();
const server = contestant.needs && (await startServer(contestant.needs));
const load = new Child('load.process.js', { core: cores?.load });
/** @type {Competitor[]} */
const competitors = [];
try {
  const url = server ? await server.createDatabase(name) : undefined;
  const competitor = new Competitor(contestant, { core: cores?.app, url, server: server || undefined });
  competitors.push(competitor);
  await competitor.start();
  await competitor.put(load, what, WARM_UP);
  const { cpu, profile } = await competitor.profile(load, what, SECONDS);
  const tree = treeOf(profile);
  const title = `${contestant.framework}, ${contestant.title}: ${caseName}`;
  const report = `${title}, ${cpu.toFixed(0)} µs of processor time per request. The shares below add up to 100 %.\n\n${tablesOf(tree)}\n`;
  await mkdir(RESULTS, { recursive: true });
  await writeFile(new URL(`${name}.${caseName}.svg`, RESULTS), drawFlames(tree, title));
  await writeFile(new URL(`${name}.${caseName}.md`, RESULTS), report);
  console.log(report);
} finally {
  for (const one of [...competitors, load, awake]) await one.stop();
  await server?.stop();
}

/** @param {import('./profile/samples.js').Frame} tree */
function tablesOf(tree) {
  const { functions, places } = hottest(tree);
  const rows = (/** @type {[string, number][]} */ list) =>
    list.map(([what, share]) => [what, `${(share * 100).toFixed(1)} %`]);
  const byPlace = table(['package', 'own time'], rows(places));
  return `${byPlace}\n\n${table(['function', 'own time'], rows(functions))}`;
}
