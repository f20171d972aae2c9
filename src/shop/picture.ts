import { type Html, html } from '../views/html.js';

type Dot = readonly [x: number, y: number, radius: number];

const SCATTERED: readonly Dot[] = [
  [36, 34, 6],
  [60, 28, 5],
  [70, 50, 6],
  [48, 54, 7],
  [28, 58, 5],
  [58, 74, 6],
  [40, 76, 4],
];
const FEW: readonly Dot[] = [
  [38, 30, 5],
  [64, 38, 5],
  [30, 54, 6],
  [52, 56, 5],
  [72, 62, 5],
  [46, 76, 5],
];
const PRICKED: readonly Dot[] = [30, 43, 57, 70].flatMap((x) => [38, 50, 62].map((y): Dot => [x, y, 2]));

const TOPPINGS: Readonly<Record<string, { dough: string; topping: Html }>> = {
  'chocolate-chip': { dough: '#d6a05f', topping: dots(SCATTERED, '#4a2a17') },
  shortbread: { dough: '#ecd09a', topping: dots(PRICKED, '#b98f4e') },
  'oat-raisin': { dough: '#c29566', topping: dots(FEW, '#5d3048') },
  'ginger-snap': {
    dough: '#a9642f',
    topping: html`<path d="M28 34l15 7 3 15M72 32l-9 13 12 9M30 66l14-2M56 80l5-15" ${crack()} />`,
  },
  'jam-heart': {
    dough: '#e3bd83',
    topping: html`<path d="M50 70C26 54 32 34 43 36q5 1 7 7 2-6 7-7c11-2 17 18-7 34z" fill="#b3243f" />`,
  },
  'black-and-white': {
    dough: '#e3bd83',
    topping: html`<path d="M50 14a36 36 0 0 0 0 72z" fill="#3a2418" /><path
        d="M50 14a36 36 0 0 1 0 72z"
        fill="#fdf8ee"
      />`,
  },
};

/** A cookie, drawn. The name beside it says all that a reader needs, so it is hidden from those who listen. */
export function picture(sku: string): Html {
  const { dough, topping } = TOPPINGS[sku] ?? { dough: '#d6a05f', topping: html`` };
  return html`<svg class="picture" viewBox="0 0 100 100" aria-hidden="true">
    <circle cx="50" cy="50" r="40" fill="${dough}" />
    ${topping}
  </svg>`;
}

function dots(places: readonly Dot[], fill: string): Html {
  const circles = places.map(([x, y, radius]) => html`<circle cx="${x}" cy="${y}" r="${radius}" />`);
  return html`<g fill="${fill}">${circles}</g>`;
}

function crack(): Html {
  return html`fill="none" stroke="#7a431b" stroke-width="3" stroke-linecap="round"`;
}
