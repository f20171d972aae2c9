// @ts-check
/**
 * The load generator, in a process of its own so that it can be kept on another core.
 *
 * autocannon rather than wrk: npm installs it everywhere, it compares every body with the expected one, and it is fast
 * enough, as an application of Nest's takes several times as long for a request as autocannon does.
 */
import autocannon from 'autocannon';
import { answerParent } from './child.js';
import { waitedForCore } from './starvation.js';

/**
 * @typedef {object} Load
 * @property {number} port
 * @property {typeof import('./apps/shop.js').ROUTES[number]} route
 * @property {string[]} cookies
 * @property {number} connections
 * @property {number} seconds
 */

/**
 * @typedef {object} LoadResult
 * @property {number} answers
 * @property {number} perSecond
 * @property {number} p99 milliseconds
 * @property {number} milliseconds how long it took
 * @property {number} waited how much of that this process had to wait for its core
 * @property {number} failures answers that were not the expected ones, and requests without an answer
 */

/** @typedef {{ latencies: number[], first: number, last: number }} Answers when they came; milliseconds */

answerParent({ fire });

/** @param {Load} load @returns {Promise<LoadResult>} */
async function fire({ port, route, cookies, connections, seconds }) {
  let clients = 0;
  const startedAt = performance.now();
  const waitedBefore = waitedForCore();
  const { answers, result } = await run({
    url: `http://127.0.0.1:${port}`,
    connections,
    duration: seconds,
    sampleInt: 50, // how often it looks whether the time is up
    expectBody: route.body,
    setupClient(client) {
      const own = cookies.filter((_, index) => index % connections === clients);
      clients++;
      client.setRequests(own.map((cookie) => ({ method: route.method, path: route.path, headers: { cookie } })));
    },
  });
  const { errors, timeouts, non2xx, mismatches } = result;
  return {
    ...summarize(answers),
    milliseconds: performance.now() - startedAt,
    waited: waitedForCore() - waitedBefore,
    failures: errors + timeouts + non2xx + mismatches,
  };
}

/**
 * autocannon's own figures are whole milliseconds and whole seconds: too coarse for short rounds.
 *
 * @param {autocannon.Options} options
 * @returns {Promise<{ result: autocannon.Result, answers: Answers }>}
 */
function run(options) {
  /** @type {Answers} */
  const answers = { latencies: [], first: 0, last: 0 };
  return new Promise((resolve, reject) => {
    const instance = autocannon(options, (error, result) => (error ? reject(error) : resolve({ result, answers })));
    instance.on('response', (_client, _status, _bytes, milliseconds) => {
      answers.last = performance.now();
      if (answers.latencies.length === 0) answers.first = answers.last;
      answers.latencies.push(milliseconds);
    });
  });
}

/** @param {Answers} answers */
function summarize({ latencies, first, last }) {
  const seconds = (last - first) / 1_000;
  const sorted = Float64Array.from(latencies).sort();
  const p99 = sorted[Math.floor(sorted.length * 0.99)] ?? 0;
  return { answers: latencies.length, perSecond: seconds > 0 ? (latencies.length - 1) / seconds : 0, p99 };
}
