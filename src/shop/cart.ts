import { BadRequestException, NotFoundException } from '@nestjs/common';
import { findProduct } from './catalogue.js';

/** How many of one kind fit in. */
export const MAX_QTY = 99;

export interface CartLine {
  readonly sku: string;
  readonly qty: number;
}

/** A cart as it is shown. The session keeps only what and how many: names and prices are the catalogue's. */
export interface PricedCart {
  readonly items: readonly (CartLine & { name: string; priceCents: number; totalCents: number })[];
  readonly count: number;
  readonly totalCents: number;
}

export function addLine(cart: readonly CartLine[], { sku, qty }: CartLine): CartLine[] {
  const had = cart.find((line) => line.sku === sku);
  if (!had) return [...cart, { sku, qty }];
  const together = had.qty + qty;
  if (together > MAX_QTY) {
    throw new BadRequestException(`At most ${MAX_QTY} of a kind fit into the cart, and ${had.qty} are in it already.`);
  }
  return cart.map((line) => (line === had ? { sku, qty: together } : line));
}

export function removeLine(cart: readonly CartLine[], sku: string): CartLine[] {
  const rest = cart.filter((line) => line.sku !== sku);
  if (rest.length === cart.length) throw new NotFoundException(`There is no ${JSON.stringify(sku)} in the cart.`);
  return rest;
}

export function priceCart(cart: readonly CartLine[]): PricedCart {
  // What has left the catalogue since it was put in the cart is passed over.
  const items = cart.flatMap(({ sku, qty }) => {
    const product = findProduct(sku);
    if (!product) return [];
    const { name, priceCents } = product;
    return [{ sku, name, qty, priceCents, totalCents: qty * priceCents }];
  });
  return { items, count: countItems(items), totalCents: items.reduce((sum, { totalCents }) => sum + totalCents, 0) };
}

export function countItems(cart: readonly CartLine[]): number {
  return cart.reduce((sum, { qty }) => sum + qty, 0);
}
