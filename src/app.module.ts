import { type DynamicModule, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { MemorySessionStore, SessionModule, type SessionOptions } from 'nest-sessions';
import { TypeOrmSessionStore } from 'nest-sessions/typeorm';
import { AccountModule } from './account/account.module.js';
import { databaseOptions } from './database.options.js';
import { DevicesModule } from './devices/devices.module.js';
import { ShopModule } from './shop/shop.module.js';
import { ViewsModule } from './views/views.module.js';

export interface AppOptions {
  /** A Postgres; without one, sessions are kept in memory. */
  databaseUrl: string | undefined;
  /** Signs the session cookies. */
  secret: string;
  /** Whether it is the real thing, behind https. */
  production: boolean;
}

@Module({ imports: [ViewsModule, ShopModule, AccountModule, DevicesModule] })
export class AppModule {
  static forRoot({ databaseUrl, secret, production }: AppOptions): DynamicModule {
    const options: SessionOptions = {
      secret,
      // Browsers keep secure cookies from https only, and on your own machine there is none.
      cookie: { secure: production },
    };
    if (databaseUrl === undefined) {
      return { module: AppModule, imports: [SessionModule.forRoot(new MemorySessionStore(), options)] };
    }
    return {
      module: AppModule,
      imports: [
        // One attempt: whoever starts a demo wants to be told at once that the database is not there.
        TypeOrmModule.forRoot({ ...databaseOptions(databaseUrl), migrationsRun: true, retryAttempts: 1 }),
        SessionModule.forRoot(TypeOrmSessionStore, options),
      ],
    };
  }
}
