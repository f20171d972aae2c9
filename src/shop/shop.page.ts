import { type Html, html } from '../views/html.js';
import type { Page } from '../views/page.js';
import { price } from '../views/price.js';
import { MAX_QTY } from './cart.js';
import type { Product } from './catalogue.js';
import { picture } from './picture.js';

export function shopPage({ products }: { products: readonly Product[] }): Page {
  return {
    title: 'Shop',
    body: html`<h1>Fresh from the oven</h1>
      <p class="lead">Your browser gets its first cookie when you take one of these, not before.</p>
      <ul class="products">
        ${products.map(productCard)}
      </ul>`,
  };
}

function productCard({ sku, name, blurb, priceCents }: Product): Html {
  return html`<li>
    ${picture(sku)}
    <h2>${name}</h2>
    <p class="hint">${blurb}</p>
    <form method="post" action="/cart">
      <input type="hidden" name="sku" value="${sku}" />
      <input type="hidden" name="next" value="/" />
      <span class="price">${price(priceCents)}</span>
      <input type="number" name="qty" value="1" min="1" max="${MAX_QTY}" required aria-label="How many: ${name}" />
      <button aria-label="Add to the cart: ${name}">Add</button>
    </form>
  </li>`;
}
