import { type DynamicModule, Module } from '@nestjs/common';
import { MemorySessionStore, SessionModule } from 'nest-sessions';
import { AccountModule } from './account/account.module.js';
import { DevicesModule } from './devices/devices.module.js';
import { ShopModule } from './shop/shop.module.js';
import { ViewsModule } from './views/views.module.js';

export interface AppOptions {
  /** Signs the session cookies. */
  secret: string;
  /** Sends the session cookie over https only. */
  secure: boolean;
}

@Module({ imports: [ViewsModule, ShopModule, AccountModule, DevicesModule] })
export class AppModule {
  static forRoot({ secret, secure }: AppOptions): DynamicModule {
    return {
      module: AppModule,
      imports: [SessionModule.forRoot(new MemorySessionStore(), { secret, cookie: { secure } })],
    };
  }
}
