export interface Product {
  readonly sku: string;
  readonly name: string;
  readonly blurb: string;
  /** Whole cents: money is no place for fractions that binary numbers cannot hold. */
  readonly priceCents: number;
}

export const CATALOGUE: readonly Product[] = [
  { sku: 'chocolate-chip', name: 'Chocolate chip', blurb: 'Dark chips, soft in the middle.', priceCents: 220 },
  { sku: 'shortbread', name: 'Shortbread', blurb: 'Butter, flour, sugar. Nothing to hide.', priceCents: 180 },
  { sku: 'oat-raisin', name: 'Oat and raisin', blurb: 'Passes for breakfast.', priceCents: 190 },
  { sku: 'ginger-snap', name: 'Ginger snap', blurb: 'Thin, crisp, and a little sharp.', priceCents: 160 },
  { sku: 'jam-heart', name: 'Jam heart', blurb: 'Raspberry in a round window.', priceCents: 240 },
  { sku: 'black-and-white', name: 'Black and white', blurb: 'For those who cannot decide.', priceCents: 260 },
];

export function findProduct(sku: string): Product | undefined {
  return CATALOGUE.find((product) => product.sku === sku);
}
