// @ts-check
/** Runs one contestant's application: node app.process.js <file in apps/> <settings as JSON>. */
import { once } from 'node:events';
import { Session } from 'node:inspector/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { answerParent } from './child.js';
import { coreTimes } from './starvation.js';

/** What the last requests of a measurement, cut off with their connections, take to come to their end. */
const SETTLE_MS = 20;

const [file, settings = '{}'] = process.argv.slice(2);

/** @type {import('./apps/application.js').Application | undefined} */
let application;
let requests = 0;
const profiler = new Session();

answerParent({
  /** @returns {Promise<number>} the port */
  async start() {
    /** @type {typeof import('./apps/bare.js')} */
    const { create } = await import(`./apps/${file}.js`);
    application = await create(JSON.parse(settings));
    const server = application.app.getHttpServer();
    server.on('request', () => requests++);
    await application.app.listen(0, '127.0.0.1');
    if (!server.listening) await once(server, 'listening');
    return server.address().port;
  },

  async startProfile() {
    profiler.connect();
    await profiler.post('Profiler.enable');
    await profiler.post('Profiler.setSamplingInterval', { interval: 1_000 });
    await profiler.post('Profiler.start');
  },

  stopProfile: async () => (await profiler.post('Profiler.stop')).profile,

  /** Totals since the start. */
  async sample() {
    await sleep(SETTLE_MS);
    const { user, system } = process.cpuUsage();
    return { requests, cpu: user + system, calls: application?.calls?.() ?? 0, waited: coreTimes().waited };
  },
});
