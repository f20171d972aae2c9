import { BadRequestException, Injectable, type PipeTransform } from '@nestjs/common';
import { type CartLine, MAX_QTY } from './cart.js';
import { CATALOGUE, findProduct } from './catalogue.js';

/** Makes a cart line of a body, or says what is wrong with it. A form sends numbers as text. */
@Injectable()
export class CartLinePipe implements PipeTransform<unknown, CartLine> {
  transform(body: unknown): CartLine {
    const { sku, qty } = (body ?? {}) as Record<string, unknown>;
    if (typeof sku !== 'string' || !findProduct(sku)) {
      throw new BadRequestException(
        `sku must be one of ${CATALOGUE.map((product) => product.sku).join(', ')}; got ${show(sku)}.`,
      );
    }
    const number = typeof qty === 'string' && /^\d+$/.test(qty) ? Number(qty) : qty;
    if (!isQty(number)) {
      throw new BadRequestException(`qty must be a whole number from 1 to ${MAX_QTY}; got ${show(qty)}.`);
    }
    return { sku, qty: number };
  }
}

function isQty(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= MAX_QTY;
}

function show(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 60);
}
