import { Controller, Get } from '@nestjs/common';
import { ShowPage } from '../views/page.decorator.js';
import { CATALOGUE, type Product } from './catalogue.js';
import { shopPage } from './shop.page.js';

@Controller()
export class ShopController {
  @Get()
  @ShowPage(shopPage)
  products(): { products: readonly Product[] } {
    return { products: CATALOGUE };
  }
}
