// @ts-check
/** An application's requests without sockets and without HTTP's parser: what is left is Nest, the session, and the answer. */
import { IncomingMessage, ServerResponse } from 'node:http';
import { Duplex } from 'node:stream';
import { CASES } from './apps/shop.js';

/** @typedef {import('./apps/shop.js').Case} Case */
/** @typedef {(name: string) => Promise<ServerResponse>} Ask sends the request of a case */
/** @typedef {Awaited<ReturnType<typeof openInProcess>>} Opened */

/** Takes what is written to it, and gives nothing. */
class SilentSocket extends Duplex {
  remoteAddress = '127.0.0.1';
  encrypted = false;

  constructor() {
    super({ autoDestroy: false });
  }

  /** @override */
  _read() {}

  /** @override @param {unknown} _chunk @param {string} _encoding @param {() => void} callback */
  _write(_chunk, _encoding, callback) {
    callback();
  }

  /** @override @param {unknown} _chunks @param {() => void} callback */
  _writev(_chunks, callback) {
    callback();
  }

  setTimeout() {
    return this;
  }

  setNoDelay() {
    return this;
  }

  setKeepAlive() {
    return this;
  }
}

/**
 * Starts an application of `apps/` in this process, logs a session in, and sees that every case is answered as expected.
 *
 * @param {string} file in `apps/` @param {import('./apps/application.js').Settings} settings
 */
export async function openInProcess(file, settings) {
  /** @type {typeof import('./apps/bare.js')} */
  const { create } = await import(`./apps/${file}.js`);
  const { app, calls } = await create(settings);
  await app.init();
  const instance = app.getHttpAdapter().getInstance();
  if (settings.framework === 'fastify') await instance.ready();
  const handler = settings.framework === 'fastify' ? instance.routing : instance;
  const send = senderTo(handler);
  const cookie = cookieOf(await send('POST', '/login')) ?? 'sid=none';
  const forged = cookie.replace(/.(.{9})$/, (_, rest) => `!${rest}`);
  /** @type {Ask} */
  const ask = (name) => {
    const what = CASES.find((one) => one.name === name);
    if (!what) throw new Error(`No case is called ${name}.`);
    return send(what.method, what.path, { own: cookie, none: undefined, forged }[what.cookie]);
  };
  for (const { name } of CASES) {
    const { statusCode } = await ask(name);
    if (statusCode !== 200) throw new Error(`${file} answered ${name} with ${statusCode}.`);
  }
  return { app, ask, cookie, settings, calls: calls ?? (() => 0) };
}

/** @param {(request: IncomingMessage, response: ServerResponse) => void} handler */
function senderTo(handler) {
  const socket = /** @type {any} */ (new SilentSocket());
  /** @param {string} method @param {string} url @param {string} [cookie] @returns {Promise<ServerResponse>} */
  return (method, url, cookie) =>
    new Promise((resolve) => {
      const request = new IncomingMessage(socket);
      const headers = { host: 'localhost', connection: 'keep-alive', ...(cookie && { cookie }) };
      Object.assign(request, { method, url, headers, httpVersion: '1.1', httpVersionMajor: 1, httpVersionMinor: 1 });
      request.rawHeaders = Object.entries(headers).flat();
      request.push(null);
      request.complete = true;
      const response = new ServerResponse(request);
      response.assignSocket(socket);
      response.on('finish', () => {
        response.detachSocket(socket);
        resolve(response);
      });
      handler(request, response);
    });
}

/** @param {ServerResponse} response */
export function setCookieOf(response) {
  return [response.getHeader('set-cookie') ?? []].flat().map(String);
}

/** As a browser sends it back. @param {ServerResponse} response */
function cookieOf(response) {
  const lines = setCookieOf(response);
  return lines.length > 0 ? lines.map((line) => line.split(';')[0]).join('; ') : undefined;
}
