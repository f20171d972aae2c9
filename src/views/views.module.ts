import { Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { PageFilter } from './page.filter.js';
import { StyleController } from './style.controller.js';

@Module({ controllers: [StyleController], providers: [{ provide: APP_FILTER, useClass: PageFilter }] })
export class ViewsModule {}
