// @ts-check
/** autocannon as the load generator, where there is no wrk: npm installs it everywhere. */
import autocannon from 'autocannon';
import { coreTimes } from './starvation.js';

/** @typedef {{ latencies: number[], first: number, last: number }} Answers when they came; milliseconds */

/** @param {import('./load.process.js').Load} load @returns {Promise<import('./load.process.js').LoadResult>} */
export async function fireWithAutocannon({ port, method, path, body, cookies, connections, seconds }) {
  let clients = 0;
  const startedAt = performance.now();
  const before = coreTimes();
  const { answers, result } = await run({
    url: `http://127.0.0.1:${port}`,
    connections,
    duration: seconds,
    sampleInt: 50, // how often it looks whether the time is up
    expectBody: body,
    setupClient(client) {
      const own = cookies.filter((_, index) => index % connections === clients);
      clients++;
      client.setRequests(own.map((cookie) => ({ method, path, headers: cookie ? { cookie } : {} })));
    },
  });
  const after = coreTimes();
  const milliseconds = performance.now() - startedAt;
  const { errors, timeouts, non2xx, mismatches } = result;
  return {
    ...summarize(answers),
    milliseconds,
    waited: after.waited - before.waited,
    busy: (after.ran - before.ran) / milliseconds,
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
  const at = (/** @type {number} */ share) => sorted[Math.floor(sorted.length * share)] ?? 0;
  const perSecond = seconds > 0 ? (latencies.length - 1) / seconds : 0;
  return { answers: latencies.length, perSecond, p50: at(0.5), p99: at(0.99) };
}
