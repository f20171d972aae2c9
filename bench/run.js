// @ts-check
/**
 * npm run bench [-- --quick] [-- --check] [-- --only <part of a name>,…] [-- --cases <name>,…]
 *
 * Drives every contestant in turn, many short rounds, prints tables, and says which targets were missed. README.md says how to read it.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { CASES } from './apps/shop.js';
import { keepAwake } from './awake.js';
import { Child } from './child.js';
import { Competitor } from './competitor.js';
import { selectContestants } from './contestants.js';
import { chooseCores, describeCores, moveThere } from './cores.js';
import { startServer } from './databases.js';
import { readPlan } from './plan.js';
import { plot } from './plot.js';
import { formatFacts, formatTables, formatVerdicts } from './report.js';
import { runRounds } from './rounds.js';
import { summarize } from './summary.js';
import { judge } from './targets.js';

const RESULTS = new URL('results/', import.meta.url);

/** Everything that was started, the last first. @type {{ stop(): Promise<void> }[]} */
const started = [];
let interrupted = false;

for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) {
  process.on(signal, async () => {
    if (interrupted) return;
    interrupted = true;
    await stopAll();
    process.exit(signal === 'SIGINT' ? 130 : 143);
  });
}

try {
  await main();
} catch (error) {
  // With nothing started it is the command line that is wrong, and a stack would say no more.
  if (!interrupted) console.error(error instanceof Error && started.length === 0 ? error.message : error);
  process.exitCode = 1;
} finally {
  await stopAll();
}

async function main() {
  const plan = readPlan(process.argv.slice(2));
  const contestants = selectContestants(plan.only);
  const cases = selectCases(plan.cases);
  const cores = chooseCores();
  if (cores) moveThere(cores);
  const awake = await keepAwake();
  started.unshift(awake);
  const servers = await startServers(contestants);
  const competitors = await startCompetitors(contestants, servers, cores?.app);
  const load = new Child('load.process.js', { core: cores?.load });
  started.unshift(load);

  const results = await runRounds(competitors, load, cases, plan, tell);
  const run = {
    contestants,
    servers: [...servers.values()].map(({ description }) => description),
    cores: `${describeCores(cores, servers.size > 0)} ${awake.description}`,
    load: await load.ask('name'),
    plan,
  };
  const rows = summarize(contestants, results);
  const verdicts = judge(rows);
  const facts = formatFacts(run, results);
  const report = `${formatTables(rows)}\n\n${facts}\n\n${formatVerdicts(verdicts)}\n`;
  await mkdir(RESULTS, { recursive: true });
  await write('latest.md', report);
  await write('latest.json', `${JSON.stringify({ facts: facts.split('\n'), plan, rows, verdicts }, null, 2)}\n`);
  await write('latest.svg', plot(rows));
  console.log(report);
  if (plan.check && verdicts.some(({ met }) => !met)) process.exitCode = 1;
}

/** @param {string} name @param {string} text */
function write(name, text) {
  return writeFile(new URL(name, RESULTS), text);
}

/** @param {string[]} names */
function selectCases(names) {
  const stray = names.find((name) => !CASES.some((one) => one.name === name));
  if (stray !== undefined) {
    throw new Error(`No case is called ${stray}. There are: ${CASES.map(({ name }) => name).join(', ')}.`);
  }
  return names.length === 0 ? CASES : CASES.filter(({ name }) => names.includes(name));
}

/** @param {import('./contestants.js').Contestant[]} contestants */
async function startServers(contestants) {
  /** @type {Map<string, import('./databases.js').Server>} */
  const servers = new Map();
  for (const { needs } of contestants) {
    if (!needs || servers.has(needs)) continue;
    const server = await startServer(needs);
    started.unshift(server);
    servers.set(needs, server);
  }
  return servers;
}

/**
 * @param {import('./contestants.js').Contestant[]} contestants
 * @param {Map<string, import('./databases.js').Server>} servers
 * @param {string} [core]
 */
async function startCompetitors(contestants, servers, core) {
  const competitors = [];
  for (const contestant of contestants) {
    tell(`starting ${contestant.name}`);
    const server = servers.get(contestant.needs ?? '');
    const url = await server?.createDatabase(contestant.name);
    const competitor = new Competitor(contestant, { core, url, server });
    started.unshift(competitor);
    await competitor.start();
    await competitor.verify();
    competitors.push(competitor);
  }
  return competitors;
}

async function stopAll() {
  for (const thing of started.splice(0)) await thing.stop();
}

/** Progress goes to stderr: stdout has the table alone. @param {string} what */
function tell(what) {
  console.error(`bench: ${what}`);
}
