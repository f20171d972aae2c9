import { type DynamicModule, Module } from '@nestjs/common';
import { SessionModule } from 'nest-sessions';
import { AccountModule } from './account/account.module.js';
import { DevicesModule } from './devices/devices.module.js';
import { ShopModule } from './shop/shop.module.js';
import type { OpenedStore } from './stores/opened-store.js';
import { ViewsModule } from './views/views.module.js';

export interface AppOptions {
  /** Signs the session cookies. */
  readonly secret: string;
  /** Whether it is the real thing, behind https. */
  readonly production: boolean;
}

@Module({ imports: [ViewsModule, ShopModule, AccountModule, DevicesModule] })
export class AppModule {
  static forRoot({ imports = [], store }: OpenedStore, { secret, production }: AppOptions): DynamicModule {
    return {
      module: AppModule,
      // Browsers keep secure cookies from https only, and on your own machine there is none.
      imports: [...imports, SessionModule.forRoot(store, { secret, cookie: { secure: production } })],
    };
  }
}
