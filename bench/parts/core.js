// @ts-check
/** The parts that are ours alone, from what was built. The core is not exported: only these benches look inside. */
import { MemorySessionStore } from 'nest-sessions';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { systemClock } from '../../libs/session/dist/core/clock.js';
import { SessionEvents } from '../../libs/session/dist/core/events.js';
import { Fields } from '../../libs/session/dist/core/fields.js';
import { Session } from '../../libs/session/dist/core/session.js';
import { StoreManager } from '../../libs/session/dist/core/store.manager.js';
import { hashSecret, TokenFormat } from '../../libs/session/dist/core/token.js';
import { RequestScope } from '../../libs/session/dist/http/scope.js';
import { resolveSettings } from '../../libs/session/dist/nest/session.settings.js';
import { CookieTransport } from '../../libs/session/dist/transport/cookie.transport.js';
import { SECRET } from '../apps/application.js';
import { SESSION } from '../apps/shop.js';

const SETTINGS = { secret: SECRET, cookie: { secure: false }, storeTimeout: '30s', requestBudget: '60s' };

/** @returns {Promise<import('./parts.process.js').Part[]>} */
export async function corePartsOf() {
  const settings = resolveSettings(SETTINGS, 'test');
  const events = new SessionEvents();
  const manager = new StoreManager(new MemorySessionStore(), settings.policy, systemClock, events);
  const { draft, text } = await logIn(manager);
  const fields = draft.record?.fields ?? new Map();
  return [
    ...tokenParts(),
    ...changeParts(fields),
    ...managerParts('memory', manager, text),
    ...gateParts(manager, new CookieTransport(settings.cookie), text),
  ];
}

/** @returns {import('./parts.process.js').Part[]} */
function tokenParts() {
  const signed = new TokenFormat('session', [SECRET]);
  const bare = new TokenFormat('session');
  const token = signed.mint();
  const [text, bareText] = [signed.format(token), bare.format(token)];
  const forged = text.replace(/.{4}$/, 'AAAA');
  return [
    { name: 'token: make', run: () => signed.mint() },
    { name: 'token: sign', run: () => signed.format(token) },
    { name: 'token: parse, unsigned', run: () => bare.parse(bareText) },
    { name: 'token: parse and verify', run: () => signed.parse(text) },
    { name: 'token: parse, forged', run: () => signed.parse(forged) },
    { name: 'token: hash of the secret', run: () => hashSecret(token.secret) },
  ];
}

/** @param {ReadonlyMap<string, string>} stored @returns {import('./parts.process.js').Part[]} */
function changeParts(stored) {
  const reading = () => {
    const fields = new Fields(stored);
    fields.get('user');
    fields.get('cart');
    return fields;
  };
  let writes = 0;
  return [
    { name: 'fields: decode user and cart', run: reading },
    { name: 'fields: decode, and see that nothing changed', run: () => reading().delta() },
    {
      name: 'fields: set one, and find it',
      run() {
        const fields = new Fields(stored);
        fields.set('lastWrite', ++writes);
        return fields.delta();
      },
    },
  ];
}

/** @param {string} store @param {any} manager @param {string} text @returns {import('./parts.process.js').Part[]} */
function managerParts(store, manager, text) {
  let writes = 0;
  return [
    { name: `manager, ${store}: open a stranger's`, run: () => manager.open([]) },
    { name: `manager, ${store}: open`, run: () => manager.open([text]) },
    {
      name: `manager, ${store}: open, read two fields, commit`,
      async run() {
        const draft = await manager.open([text]);
        const session = new Session(draft, manager);
        session.get('user');
        session.get('cart');
        await manager.commit(draft);
      },
    },
    {
      name: `manager, ${store}: open, set a field, commit`,
      async run() {
        const draft = await manager.open([text]);
        new Session(draft, manager).set('lastWrite', ++writes);
        await manager.commit(draft);
      },
    },
  ];
}

/** @param {any} manager @param {any} transport @param {string} text @returns {import('./parts.process.js').Part[]} */
function gateParts(manager, transport, text) {
  const headers = { host: 'localhost', cookie: `sid=${text}` };
  const binding = { manager, transport, persistent: false, saveOnError: false, secure: false, warn() {} };
  const socket = new Socket();
  const exchange = () => {
    const request = new IncomingMessage(socket);
    request.headers = headers;
    return { request, response: new ServerResponse(request) };
  };
  return [
    { name: 'transport: find the cookie', run: () => transport.read({ headers }) },
    { name: 'request and response of Node, ended', run: () => exchange().response.end('hi') },
    {
      name: 'gate: the same, with a gate and no session',
      run() {
        const { request, response } = exchange();
        RequestScope.of(request, response);
        return response.end('hi');
      },
    },
    {
      name: 'gate: the same, with a session opened',
      async run() {
        const { request, response } = exchange();
        await RequestScope.of(request, response).session(binding);
        return response.end('hi');
      },
    },
  ];
}

/** @param {any} manager */
async function logIn(manager) {
  const draft = manager.open([]);
  const session = new Session(draft, manager);
  for (const [name, value] of Object.entries(SESSION)) session.set(name, value);
  await manager.commit(draft);
  return { draft, text: draft.cookie.text };
}
