// @ts-check
/** What every contestant serves: the same routes, the same session of about 1 KB, the same answers. */
import { Controller, Get, HttpCode, Post } from '@nestjs/common';

/** @typedef {{ sku: string, title: string, price: number, quantity: number }} Item */

/** @type {Item[]} */
const CART = [
  { sku: 'TEA-0231', title: 'Darjeeling First Flush, loose, 250 g', price: 1890, quantity: 2 },
  { sku: 'TEA-0117', title: 'Gyokuro Asahi, tin, 100 g', price: 2450, quantity: 1 },
  { sku: 'POT-0042', title: 'Cast iron teapot, 0.8 l, black', price: 5900, quantity: 1 },
  { sku: 'CUP-0310', title: 'Porcelain cup without handle, 6 pieces', price: 3290, quantity: 1 },
  { sku: 'FLT-0005', title: 'Paper filters, unbleached, 100 pieces', price: 490, quantity: 3 },
  { sku: 'SPN-0077', title: 'Measuring spoon, beech', price: 650, quantity: 1 },
  { sku: 'TRY-0019', title: 'Serving tray, bamboo, 40 × 28 cm', price: 2150, quantity: 1 },
];

const USER = {
  id: 'user-48151623',
  name: 'Ada Lovelace',
  email: 'ada.lovelace@example.com',
  roles: ['customer', 'newsletter', 'early-access'],
  address: { street: '12 St James’s Square', postcode: 'SW1Y 4JH', city: 'London', country: 'GB' },
  preferences: { language: 'en-GB', currency: 'GBP', theme: 'dark', itemsPerPage: 48 },
  discount: 10,
};

/** The fields of a session that has just logged in. */
export const SESSION = { user: USER, cart: CART, lastWrite: 0 };

const TOTAL = JSON.stringify({ total: totalOf(USER, CART) });
const NOTHING = JSON.stringify({ total: 0 });

/**
 * @typedef {object} Case
 * @property {string} name
 * @property {'GET' | 'POST'} method
 * @property {string} path
 * @property {'own' | 'none' | 'forged'} cookie that of a logged-in session, or none, or one with a signature that is wrong
 * @property {string} body the answer to expect
 * @property {string} [bareBody] that of an application without sessions, which takes everybody for logged in
 */

/**
 * What is measured. `/plain` answers without looking at the session, `/read` needs two of its fields, `/write` changes
 * the third.
 *
 * @type {Case[]}
 */
export const CASES = [
  { name: 'plain', method: 'GET', path: '/plain', cookie: 'own', body: JSON.stringify({ open: true }) },
  { name: 'read', method: 'GET', path: '/read', cookie: 'own', body: TOTAL },
  { name: 'write', method: 'POST', path: '/write', cookie: 'own', body: JSON.stringify({ saved: true }) },
  { name: 'anonymous', method: 'GET', path: '/read', cookie: 'none', body: NOTHING, bareBody: TOTAL },
  { name: 'forged', method: 'GET', path: '/read', cookie: 'forged', body: NOTHING, bareBody: TOTAL },
];

/**
 * How a contestant's sessions are used: the only thing in which the shops differ.
 *
 * @typedef {object} SessionAccess
 * @property {ParameterDecorator} [inject] gives a handler its session; without it, handlers get none
 * @property {(session: any, field: string) => any} get
 * @property {(session: any, field: string, value: unknown) => void} set
 * @property {(session: any) => Promise<void>} [save] where it is not saved of its own accord
 */

/**
 * The controller. Node runs these files as they are, so the decorators are applied by hand.
 *
 * @param {SessionAccess} access
 * @returns {import('@nestjs/common').Type}
 */
export function createShop({ inject, get, set, save }) {
  let writes = 0;

  class Shop {
    plain() {
      return { open: true };
    }

    read(/** @type {unknown} */ session) {
      return { total: totalOf(get(session, 'user'), get(session, 'cart')) };
    }

    write(/** @type {unknown} */ session) {
      // A new value every time: an equal one would be no change to anybody.
      set(session, 'lastWrite', ++writes);
      return saved(session);
    }

    /** Not measured: shows whether a write was kept. */
    lastWrite(/** @type {unknown} */ session) {
      return { lastWrite: get(session, 'lastWrite') ?? null };
    }

    /** Not measured: makes the sessions that the other routes use. */
    login(/** @type {unknown} */ session) {
      for (const [field, value] of Object.entries(SESSION)) set(session, field, value);
      return saved(session);
    }
  }

  /** No promise for those who need none. @param {unknown} session */
  function saved(session) {
    return save ? save(session).then(() => ({ saved: true })) : { saved: true };
  }

  /** @param {'plain' | 'read' | 'write' | 'lastWrite' | 'login'} name @param {MethodDecorator[]} decorators */
  const decorate = (name, ...decorators) => {
    const descriptor = /** @type {PropertyDescriptor} */ (Object.getOwnPropertyDescriptor(Shop.prototype, name));
    for (const decorator of decorators) decorator(Shop.prototype, name, descriptor);
    if (name !== 'plain') inject?.(Shop.prototype, name, 0);
  };
  decorate('plain', Get('plain'));
  decorate('read', Get('read'));
  decorate('write', Post('write'), HttpCode(200));
  decorate('lastWrite', Get('last-write'));
  decorate('login', Post('login'), HttpCode(200));
  Controller()(Shop);
  return Shop;
}

/** @param {typeof USER | undefined} user @param {Item[]} [cart] */
function totalOf(user, cart = []) {
  const { discount } = user ?? { discount: 0 };
  const sum = cart.reduce((total, { price, quantity }) => total + price * quantity, 0);
  return Math.round((sum * (100 - discount)) / 100);
}
