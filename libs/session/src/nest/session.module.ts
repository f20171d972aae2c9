import { type DynamicModule, Logger, Module, type ModuleMetadata, type Provider } from '@nestjs/common';
import { APP_INTERCEPTOR, ApplicationConfig, HttpAdapterHost } from '@nestjs/core';
import { type Clock, systemClock } from '../core/clock.js';
import { SessionConfigError } from '../core/errors.js';
import { SessionEvents } from '../core/events.js';
import { SealedManager } from '../core/sealed.manager.js';
import { isSealedBackend } from '../core/sealed.js';
import { StoreManager } from '../core/store.manager.js';
import type { SessionBinding } from '../http/binding.js';
import { PendingSaves } from '../http/pending-saves.js';
import { ChunkedCookieTransport } from '../transport/chunked-cookie.transport.js';
import { type CookieSettings, CookieTransport } from '../transport/cookie.transport.js';
import { OldCookies } from '../transport/old.cookies.js';
import type { SessionTransport } from '../transport/transport.js';
import { SessionInterceptor } from './session.interceptor.js';
import { SessionLifecycle } from './session.lifecycle.js';
import type { SessionOptions } from './session.options.js';
import { SessionService } from './session.service.js';
import { resolveSettings, type SessionSettings } from './session.settings.js';
import { SessionSockets } from './session.sockets.js';
import {
  type AsyncSettings,
  checkGiven,
  type Keeper,
  type SessionAsyncOptions,
  type SessionStoreSource,
  storeProvider,
  withoutStore,
} from './session.source.js';
import * as tokens from './session.tokens.js';

/** Sessions for an application. Import it once in the root module, or once per name; it is global. */
@Module({})
export class SessionModule {
  /** Sessions in this store, with these options. Wrong ones fail at start-up. */
  static forRoot(store: SessionStoreSource, options: SessionOptions = {}): DynamicModule {
    // What else could be wrong with the options is told when they are resolved.
    const { name, load } = options ?? {};
    return define(name, load, [
      storeProvider(tokens.getSessionToken(tokens.SESSION_STORE, name), store),
      { provide: tokens.getSessionToken(tokens.SESSION_OPTIONS, name), useValue: options },
    ]);
  }

  /** The same, with store and options from a factory: `useFactory` resolves to `{ store, ...options }`. */
  static forRootAsync({ imports, inject = [], load, name, useFactory }: SessionAsyncOptions): DynamicModule {
    const given = tokens.getSessionToken(Symbol.for('nest-sessions:given'), name);
    return define(
      name,
      load,
      [
        {
          provide: given,
          inject,
          useFactory: async (...args: never[]) => checkGiven(await useFactory(...args)),
        },
        {
          provide: tokens.getSessionToken(tokens.SESSION_STORE, name),
          inject: [given],
          useFactory: ({ store }: AsyncSettings) => store,
        },
        {
          provide: tokens.getSessionToken(tokens.SESSION_OPTIONS, name),
          inject: [given],
          useFactory: (all: AsyncSettings): SessionOptions => ({ ...withoutStore(all), name, load }),
        },
      ],
      imports,
    );
  }
}

/** What all ways of importing the module have in common. */
function define(
  name: string | undefined,
  load: SessionOptions['load'],
  given: Provider[],
  imports: ModuleMetadata['imports'] = [],
): DynamicModule {
  const token = (of: symbol) => tokens.getSessionToken(of, name);
  const service = tokens.getSessionToken(SessionService, name);
  const binding = token(tokens.SESSION_BINDING);
  const settings = token(tokens.SESSION_SETTINGS);
  const providers: Provider[] = [
    ...given,
    {
      provide: settings,
      inject: [token(tokens.SESSION_OPTIONS)],
      useFactory: (options: SessionOptions) => resolveSettings(options),
    },
    { provide: token(tokens.SESSION_CLOCK), useValue: systemClock },
    {
      provide: token(tokens.SESSION_TRANSPORT),
      inject: [token(tokens.SESSION_OPTIONS), settings, token(tokens.SESSION_STORE)],
      useFactory: ({ transport }: SessionOptions, { cookie }: SessionSettings, store: Keeper) =>
        transport ?? cookieTransport(cookie, store),
    },
    {
      provide: binding,
      inject: [
        tokens.SESSION_STORE,
        tokens.SESSION_OPTIONS,
        tokens.SESSION_CLOCK,
        tokens.SESSION_TRANSPORT,
        tokens.SESSION_SETTINGS,
      ].map(token),
      useFactory: bind,
    },
    { provide: service, inject: [binding], useFactory: (bound: SessionBinding) => new SessionService(bound) },
    {
      provide: token(Symbol.for('nest-sessions:lifecycle')),
      inject: [binding, HttpAdapterHost, settings],
      useFactory: (bound: SessionBinding, host: HttpAdapterHost, { sweepInterval }: SessionSettings) =>
        new SessionLifecycle(bound, host, sweepInterval),
    },
    {
      provide: token(Symbol.for('nest-sessions:sockets')),
      inject: [binding, ApplicationConfig, settings],
      useFactory: (bound: SessionBinding, config: ApplicationConfig, { sockets }: SessionSettings) =>
        new SessionSockets(bound, config, sockets),
    },
  ];
  if (load !== 'lazy') {
    providers.push({
      provide: APP_INTERCEPTOR,
      inject: [binding],
      useFactory: (bound: SessionBinding) => new SessionInterceptor(bound),
    });
  }
  const open = [tokens.SESSION_STORE, tokens.SESSION_OPTIONS, tokens.SESSION_TRANSPORT, tokens.SESSION_CLOCK].map(
    token,
  );
  return { module: SessionModule, global: true, imports, providers, exports: [...open, service] };
}

/** Only a token that is the session itself can be too long for one cookie. */
function cookieTransport(cookie: CookieSettings, store: Keeper): SessionTransport {
  const chunks = isSealedBackend(store) ? (store.chunks ?? 1) : 1;
  return chunks > 1 ? new ChunkedCookieTransport(cookie, chunks) : new CookieTransport(cookie);
}

function bind(
  store: Keeper,
  { logger = new Logger('SessionModule') }: SessionOptions,
  clock: Clock,
  transport: SessionTransport,
  { cookie, policy, saveOnError }: SessionSettings,
): SessionBinding {
  const { migrateFrom } = policy;
  if (migrateFrom && isSealedBackend(store)) throw noPlaceForMoved(store);
  const said = new Set<string>();
  const { capacity, carrier } = transport;
  return {
    manager: isSealedBackend(store)
      ? new SealedManager(store, policy, clock, new SessionEvents(), { capacity, carrier })
      : new StoreManager(store, policy, clock, new SessionEvents()),
    transport,
    old: migrateFrom && new OldCookies(migrateFrom, carrier),
    persistent: cookie.persistent,
    saveOnError,
    saves: new PendingSaves(),
    secure: cookie.secure && transport instanceof CookieTransport,
    warn(message, error) {
      if (error === undefined && said.has(message)) return;
      said.add(message);
      try {
        if (error === undefined) logger.warn(message);
        else logger.error(message, error);
      } catch {
        // A logger that fails must not cost anybody the answer.
      }
    },
  };
}

/** Two requests with the same old cookie meet in a store, or nowhere. */
function noPlaceForMoved({ constructor }: object): SessionConfigError {
  return new SessionConfigError(
    `SessionModule: migrateFrom needs a store on the server, and ${constructor.name} keeps sessions in their cookies. Move ` +
      'to a store first, new RedisSessionStore(client) say.',
  );
}
