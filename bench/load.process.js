// @ts-check
/**
 * The load generator, in a process of its own so that it can be kept on another core. wrk if it is installed: bare
 * Fastify answers faster than autocannon can ask from one core. Either compares every body with the expected one.
 */
import { answerParent } from './child.js';
import { fireWithAutocannon } from './load.autocannon.js';
import { fireWithWrk, hasWrk } from './load.wrk.js';

/**
 * @typedef {object} Load
 * @property {number} port
 * @property {'GET' | 'POST'} method
 * @property {string} path
 * @property {string} body the answer to expect
 * @property {string[]} cookies in turn; an empty text is a request without a cookie
 * @property {number} connections
 * @property {number} seconds
 */

/**
 * @typedef {object} LoadResult
 * @property {number} answers
 * @property {number} perSecond
 * @property {number} p50 milliseconds
 * @property {number} p99 milliseconds
 * @property {number} milliseconds how long it took
 * @property {number} waited how much of that the generator had to wait for its core
 * @property {number} busy how much of its core it used: at 1 it was itself the limit
 * @property {number} failures answers that were not the expected ones, and requests without an answer
 */

answerParent({
  fire: hasWrk ? fireWithWrk : fireWithAutocannon,
  name: () => (hasWrk ? 'wrk' : 'autocannon'),
});
