import { type Html, html } from '../views/html.js';
import type { Page } from '../views/page.js';
import { price } from '../views/price.js';
import type { PricedCart } from './cart.js';
import { picture } from './picture.js';

export function cartPage({ items, totalCents }: PricedCart): Page {
  return {
    title: 'Cart',
    body: html`<h1>Your cart</h1>
      ${items.length === 0 ? empty() : full(items, totalCents)}`,
  };
}

function empty(): Html {
  return html`<p class="lead">There is nothing in it yet.</p>
    <p><a class="button" href="/">To the shop</a></p>`;
}

function full(items: PricedCart['items'], totalCents: number): Html {
  return html`<ul class="rows">
      ${items.map(
        ({ sku, name, qty, priceCents, totalCents }) =>
          html`<li>
            ${picture(sku)}
            <div>
              <strong>${name}</strong>
              <p class="hint">${qty} × ${price(priceCents)}</p>
            </div>
            <span class="price">${price(totalCents)}</span>
            <form method="post" action="/cart/${sku}/remove">
              <button class="quiet" aria-label="Remove ${name}">Remove</button>
            </form>
          </li>`,
      )}
    </ul>
    <p class="total">Total <span class="price">${price(totalCents)}</span></p>`;
}
