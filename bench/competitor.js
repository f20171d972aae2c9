// @ts-check
/** One contestant, running: its process, its logged-in sessions, and what can be asked of them. */
import { CASES } from './apps/shop.js';
import { Child } from './child.js';
import { stolen } from './starvation.js';

export const CONNECTIONS = 32;
/** Twice as many as are under way at a time: two requests of one session hardly ever meet, in a row of a table say. */
export const SESSIONS = 2 * CONNECTIONS;

/**
 * What V8 throws away when a process has had nothing to do for a while: compiled code, and garbage that code depends on.
 * Getting it back would take seconds of each turn, which applications under load never see.
 */
const KEEP_WARM = ['--no-flush-bytecode', '--no-memory-reducer'];

/** A measurement with less than this is none. */
const FEWEST_ANSWERS = CONNECTIONS;

/** As long as a signed token of ours, for applications that look at none: a browser would send it too. */
const IGNORED_COOKIE = `sid=${'x'.repeat(100)}`;

/** @typedef {import('./apps/shop.js').Case} Case */
/** @typedef {import('./databases.js').Server} Server */
/** @typedef {{ requests: number, cpu: number, calls: number, waited: number, stolen: number }} Sample totals; `cpu` in microseconds */

/**
 * @typedef {object} Measurement
 * @property {number} perSecond requests answered
 * @property {number} cpu microseconds of the application's processor time per request
 * @property {number} calls to the store, per request
 * @property {number} p50 milliseconds
 * @property {number} p99 milliseconds
 * @property {number} busy how much of its core the application used; much less than 1 means that something else was the limit
 * @property {number} loadBusy how much of its core the load generator used
 * @property {number} starved for how much of the time other programs kept the application, or the load, from running;
 *   `Infinity`: so much that this is no measurement
 */

export class Competitor {
  #child;
  #server;
  #port = 0;
  /** @type {string[]} */
  #cookies = [];
  /** @type {string[]} */
  #forged = [];

  /** @param {import('./contestants.js').Contestant} contestant @param {{ core?: string, url?: string, server?: Server }} place */
  constructor(contestant, { core, url, server }) {
    this.contestant = contestant;
    this.#server = server;
    const settings = JSON.stringify({ ...contestant.settings, url });
    this.#child = new Child('app.process.js', { core, flags: KEEP_WARM, args: [contestant.app, settings] });
  }

  async start() {
    this.#port = await this.#child.ask('start');
    this.#cookies = await Promise.all(Array.from({ length: SESSIONS }, () => this.#logIn()));
    this.#forged = this.#cookies.map(forge);
    // A cookie that holds nothing but equal data is equal.
    const { app } = this.contestant;
    const distinct = this.#hasSessions && app !== 'cookie-session' ? SESSIONS : 1;
    if (new Set(this.#cookies).size !== distinct) throw this.#failure('/login', 'cookies that are alike');
  }

  stop() {
    return this.#child.stop();
  }

  /** V8's samples of the application under load. @param {Child} load @param {Case} what @param {number} seconds */
  async profile(load, what, seconds) {
    await this.#child.ask('startProfile');
    const { cpu } = await this.measure(load, what, seconds);
    return { cpu, profile: await this.#child.ask('stopProfile') };
  }

  /** Whoever does not do the work is not measured: every answer as expected, every write kept. */
  async verify() {
    await Promise.all(this.#cookies.map((_, session) => this.#verifySession(session)));
  }

  /**
   * Puts load on a route without looking at more than whether the answers are right.
   *
   * @param {Child} load @param {Case} what @param {number} seconds @param {number} [connections]
   * @returns {Promise<import('./load.process.js').LoadResult>}
   */
  async put(load, what, seconds, connections) {
    await this.#visit();
    return this.#fire(load, what, seconds, connections);
  }

  /** @param {Child} load @param {Case} what @param {number} seconds @param {number} [connections] */
  async #fire(load, what, seconds, connections = CONNECTIONS) {
    const { method, path } = what;
    const cookies = this.#cookies.map((_, session) => this.#cookieFor(what, session));
    const details = { port: this.#port, method, path, body: this.#bodyOf(what), cookies, connections, seconds };
    const result = await load.ask('fire', details);
    if (result.failures > 0) throw this.#failure(path, `${result.failures} times something else under load`);
    return result;
  }

  /** @param {Child} load @param {Case} what @param {number} seconds @param {number} [connections] @returns {Promise<Measurement>} */
  async measure(load, what, seconds, connections) {
    await this.#visit();
    const before = await this.#sample();
    const { answers, perSecond, p50, p99, milliseconds, waited, busy } = await this.#fire(
      load,
      what,
      seconds,
      connections,
    );
    const after = await this.#sample();
    const requests = after.requests - before.requests;
    const cpu = (after.cpu - before.cpu) / requests;
    // A database may share the load's core: waiting for that is part of the game.
    const waits = [after.waited - before.waited, this.#server ? 0 : waited, after.stolen - before.stolen];
    return {
      perSecond,
      p50,
      p99,
      cpu,
      calls: (after.calls - before.calls) / requests,
      busy: (perSecond * cpu) / 1e6,
      loadBusy: busy,
      starved: answers < FEWEST_ANSWERS ? Infinity : Math.max(...waits) / milliseconds,
    };
  }

  /**
   * Every session is used once and takes the cookie that it is answered, as a browser does. The load generator takes none:
   * to its cookie of minutes ago, whoever keeps the session in there would answer with a new one every time.
   */
  async #visit() {
    if (!this.#hasSessions) return;
    const read = /** @type {Case} */ (CASES.find(({ name }) => name === 'read'));
    await Promise.all(
      this.#cookies.map(async (own, session) => {
        const { cookie } = await this.#fetch(read, own);
        if (cookie) this.#cookies[session] = cookie;
      }),
    );
    this.#forged = this.#cookies.map(forge);
  }

  get #hasSessions() {
    return this.contestant.store !== undefined;
  }

  /** @param {number} session */
  async #verifySession(session) {
    const before = await this.#lastWrite(session);
    for (const what of CASES) {
      const { body, cookie } = await this.#fetch(what, this.#cookieFor(what, session));
      if (body !== this.#bodyOf(what)) throw this.#failure(`${what.name} (${what.path})`, body);
      // Where the session is in the cookie, the answer to a write brings the next one.
      if (what.name === 'write' && cookie) this.#cookies[session] = cookie;
    }
    if (before === (await this.#lastWrite(session))) throw this.#failure('/write', 'a success, and kept nothing');
  }

  /** @param {number} session */
  async #lastWrite(session) {
    return (await this.#fetch({ method: 'GET', path: '/last-write' }, this.#cookies[session])).body;
  }

  /** @param {Case} what */
  #bodyOf({ body, bareBody }) {
    return this.#hasSessions ? body : (bareBody ?? body);
  }

  /** @param {Case} what @param {number} session */
  #cookieFor({ cookie }, session) {
    if (cookie === 'none') return '';
    return (cookie === 'own' ? this.#cookies : this.#forged)[session] ?? '';
  }

  /** @returns {Promise<Sample>} */
  async #sample() {
    const sample = await this.#child.ask('sample');
    return { ...sample, calls: this.#server ? await this.#server.calls() : sample.calls, stolen: stolen() };
  }

  /** @returns {Promise<string>} the cookies as a browser sends them */
  async #logIn() {
    const { cookie } = await this.#fetch({ method: 'POST', path: '/login' });
    if (!cookie && this.#hasSessions) throw this.#failure('/login', 'no cookie');
    return cookie ?? IGNORED_COOKIE;
  }

  /** @param {Pick<Case, 'method' | 'path'>} what @param {string} [cookie] */
  async #fetch({ method, path }, cookie) {
    const headers = /** @type {Record<string, string>} */ (cookie ? { cookie } : {});
    const response = await fetch(`http://127.0.0.1:${this.#port}${path}`, { method, headers });
    const body = await response.text();
    if (response.status !== 200) throw this.#failure(path, `${response.status} ${body}`);
    const set = response.headers.getSetCookie().map((line) => line.split(';')[0]);
    return { body, cookie: set.length > 0 ? set.join('; ') : undefined };
  }

  /** @param {string} path @param {string} answer */
  #failure(path, answer) {
    return new Error(`${this.contestant.name} answered ${path} with: ${answer}`);
  }
}

/** Another letter near the end, where the signature is. @param {string} cookie */
function forge(cookie) {
  return cookie.replace(/[a-z](?=[^a-z]*.{4}$)/, (letter) => (letter === 'q' ? 'p' : 'q'));
}
