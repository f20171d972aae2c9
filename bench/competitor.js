// @ts-check
/** One contestant, running: its process, its logged-in sessions, and what can be asked of them. */
import { Child } from './child.js';
import { ROUTES } from './apps/shop.js';

export const CONNECTIONS = 32;
/** Each connection has sessions to itself: two requests of one session never meet, in a row of a table say. */
export const SESSIONS = 2 * CONNECTIONS;

/** A measurement with less than this is none. */
const FEWEST_ANSWERS = CONNECTIONS;

/** As long as a signed token of ours, for applications that look at none: a browser would send it too. */
const IGNORED_COOKIE = `sid=${'x'.repeat(100)}`;

/** @typedef {typeof ROUTES[number]} Route */
/** @typedef {{ requests: number, cpu: number, calls: number, waited: number }} Sample totals; `cpu` in microseconds */

/**
 * @typedef {object} Measurement
 * @property {number} perSecond requests answered
 * @property {number} cpu microseconds of the application's processor time per request
 * @property {number} calls to the store, per request
 * @property {number} p99 milliseconds
 * @property {number} busy how much of its core the application used; much less than 1 means that something else was the limit
 * @property {number} starved for how much of the time other programs kept the application, or the load, from running;
 *   `Infinity`: so much that this is no measurement
 */

export class Competitor {
  #child;
  #port = 0;
  /** @type {string[]} */
  #cookies = [];

  /** @param {import('./contestants.js').Contestant} contestant @param {{ core?: string, url?: string }} place */
  constructor(contestant, { core, url }) {
    this.contestant = contestant;
    const settings = JSON.stringify({ ...contestant.options, url });
    this.#child = new Child('app.process.js', { core, args: [contestant.app, settings] });
  }

  async start() {
    this.#port = await this.#child.ask('start');
    this.#cookies = await Promise.all(Array.from({ length: SESSIONS }, () => this.#logIn()));
    if (!this.contestant.sessionless && new Set(this.#cookies).size !== SESSIONS)
      throw this.#failure('login', 'cookies');
  }

  stop() {
    return this.#child.stop();
  }

  /** Whoever does not do the work is not measured: every answer as expected, every write kept. */
  async verify() {
    await Promise.all(this.#cookies.map((cookie) => this.#verifySession(cookie)));
  }

  /**
   * Puts load on a route without looking at more than whether the answers are right.
   *
   * @param {Child} load @param {Route} route @param {number} seconds
   * @returns {Promise<import('./load.process.js').LoadResult>}
   */
  async loadRoute(load, route, seconds) {
    const details = { port: this.#port, route, cookies: this.#cookies, connections: CONNECTIONS, seconds };
    const result = await load.ask('fire', details);
    if (result.failures > 0) throw this.#failure(route.path, `${result.failures} times something else under load`);
    return result;
  }

  /** @param {Child} load @param {Route} route @param {number} seconds @returns {Promise<Measurement>} */
  async measure(load, route, seconds) {
    const before = await this.#sample();
    const { answers, perSecond, p99, milliseconds, waited } = await this.loadRoute(load, route, seconds);
    const after = await this.#sample();
    const requests = after.requests - before.requests;
    const cpu = (after.cpu - before.cpu) / requests;
    // A database may share the load's core: waiting for that is part of the game.
    const waits = [after.waited - before.waited, this.contestant.needs ? 0 : waited];
    return {
      perSecond,
      p99,
      cpu,
      calls: (after.calls - before.calls) / requests,
      busy: (perSecond * cpu) / 1e6,
      starved: answers < FEWEST_ANSWERS ? Infinity : Math.max(...waits) / milliseconds,
    };
  }

  /** @param {string} cookie */
  async #verifySession(cookie) {
    const before = await this.#fetch('/last-write', 'GET', cookie);
    for (const { path, method, body } of ROUTES) {
      const answer = await this.#fetch(path, method, cookie);
      if (answer !== body) throw this.#failure(path, answer);
    }
    const after = await this.#fetch('/last-write', 'GET', cookie);
    if (before === after) throw this.#failure('/write', 'a success, and kept nothing');
  }

  /** @returns {Promise<Sample>} */
  #sample() {
    return this.#child.ask('sample');
  }

  /** @returns {Promise<string>} the cookie as a browser sends it */
  async #logIn() {
    const response = await fetch(this.#url('/login'), { method: 'POST' });
    const [cookie] = response.headers.getSetCookie();
    if (!response.ok || !(cookie || this.contestant.sessionless)) throw this.#failure('/login', await response.text());
    await response.arrayBuffer();
    return cookie?.split(';')[0] ?? IGNORED_COOKIE;
  }

  /** @param {string} path @param {string} method @param {string} cookie */
  async #fetch(path, method, cookie) {
    const response = await fetch(this.#url(path), { method, headers: { cookie } });
    const body = await response.text();
    if (response.status !== 200) throw this.#failure(path, `${response.status} ${body}`);
    return body;
  }

  /** @param {string} path */
  #url(path) {
    return `http://127.0.0.1:${this.#port}${path}`;
  }

  /** @param {string} path @param {string} answer */
  #failure(path, answer) {
    return new Error(`${this.contestant.title} answered ${path} with: ${answer}`);
  }
}
