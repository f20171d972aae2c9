import { Module } from '@nestjs/common';
import { CartController } from './cart.controller.js';
import { ShopController } from './shop.controller.js';

@Module({ controllers: [ShopController, CartController] })
export class ShopModule {}
