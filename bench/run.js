// @ts-check
/**
 * npm run bench [-- --quick] [-- --only <part of a name>,…]
 *
 * Drives every contestant in turn, many short rounds, and prints a table. README.md says how to read it.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { Child } from './child.js';
import { Competitor } from './competitor.js';
import { selectContestants } from './contestants.js';
import { chooseCores, describeCores, moveThere } from './cores.js';
import { startServer } from './databases.js';
import { readPlan } from './plan.js';
import { formatFacts, formatTable } from './report.js';
import { runRounds } from './rounds.js';

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
  const cores = chooseCores();
  if (cores) moveThere(cores);
  const servers = await startServers(contestants);
  const competitors = await startCompetitors(contestants, servers, cores?.app);
  const load = new Child('load.process.js', { core: cores?.load });
  started.unshift(load);

  const results = await runRounds(competitors, load, plan, tell);
  const run = {
    contestants,
    servers: [...servers.values()].map(({ description }) => description),
    cores: describeCores(cores, servers.size > 0),
    plan,
  };
  const report = `${formatTable(contestants, results)}\n\n${formatFacts(run, results)}\n`;
  await mkdir(RESULTS, { recursive: true });
  await writeFile(new URL('latest.md', RESULTS), report);
  console.log(report);
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
    tell(`starting ${contestant.title}`);
    const url = await servers.get(contestant.needs ?? '')?.createDatabase(contestant.name);
    const competitor = new Competitor(contestant, { core, url });
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
