// @ts-check
/**
 * npm run bench [-- --quick] [-- --only <part of a name>,…]
 *
 * Drives every contestant in turn, many short rounds, and prints a table. README.md says how to read it.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { ROUTES } from './apps/shop.js';
import { Child } from './child.js';
import { Competitor } from './competitor.js';
import { selectContestants } from './contestants.js';
import { chooseCores, describeCores, moveThere } from './cores.js';
import { startServer } from './databases.js';
import { readPlan } from './plan.js';
import { formatFacts, formatTable } from './report.js';
import { TOLERATED } from './starvation.js';

const MAX_RETRIES = 5;
const PAUSE_MS = 500;
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
  if (!interrupted) console.error(error);
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

  const results = await compete(competitors, load, plan);
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

/**
 * @param {Competitor[]} competitors @param {Child} load @param {import('./plan.js').Plan} plan
 * @returns {Promise<Map<string, import('./report.js').RouteResults>>} by route
 */
async function compete(competitors, load, plan) {
  for (const competitor of competitors) {
    tell(`warming up ${competitor.contestant.title}`);
    for (const route of ROUTES) await competitor.loadRoute(load, route, plan.warmUp);
  }
  /** @type {Map<string, import('./report.js').RouteResults>} */
  const results = new Map(ROUTES.map(({ name }) => [name, new Map()]));
  const patience = { left: plan.patience };
  for (let round = 0; round < plan.rounds; round++) {
    tell(`round ${round + 1} of ${plan.rounds}`);
    for (const route of ROUTES) {
      // Another one begins each time, so that nobody always comes after the same neighbour's garbage.
      for (const competitor of rotate(competitors, round)) {
        const { name } = competitor.contestant;
        const before = results.get(route.name)?.get(name) ?? [];
        results.get(route.name)?.set(name, [...before, await measure(competitor, load, route, plan, patience)]);
      }
    }
  }
  // Sessions lost under load would have made the rest cheap.
  for (const competitor of competitors) await competitor.verify();
  return results;
}

/**
 * The least disturbed of a few measurements: the first, as long as nobody else wants the core.
 *
 * @param {Competitor} competitor @param {Child} load @param {import('./competitor.js').Route} route
 * @param {import('./plan.js').Plan} plan @param {{ left: number }} patience
 */
async function measure(competitor, load, route, { leadIn, seconds }, patience) {
  await competitor.loadRoute(load, route, leadIn);
  let best = await competitor.measure(load, route, seconds);
  for (let retry = 0; best.starved > TOLERATED && retry < MAX_RETRIES && patience.left > 0; retry++, patience.left--) {
    await sleep(PAUSE_MS);
    await competitor.loadRoute(load, route, leadIn);
    const again = await competitor.measure(load, route, seconds);
    if (again.starved < best.starved) best = again;
  }
  return best;
}

/** @template T @param {T[]} list @param {number} by */
function rotate(list, by) {
  const from = by % list.length;
  return [...list.slice(from), ...list.slice(0, from)];
}

async function stopAll() {
  for (const thing of started.splice(0)) await thing.stop();
}

/** Progress goes to stderr: stdout has the table alone. @param {string} what */
function tell(what) {
  console.error(`bench: ${what}`);
}
