import type { InjectionToken, ModuleMetadata, Provider, Type } from '@nestjs/common';
import { SessionConfigError } from '../core/errors.js';
import type { SealedBackend } from '../core/sealed.js';
import type { SessionStore } from '../core/store.js';
import type { SessionOptions } from './session.options.js';

/** What keeps sessions: a store, or the token itself. */
export type Keeper = SessionStore | SealedBackend;

/** A store: an instance, a class that Nest constructs, or a custom provider. */
export type SessionStoreSource =
  | Keeper
  | Type<Keeper>
  | { useFactory: (...args: never[]) => Keeper | Promise<Keeper>; inject?: InjectionToken[] }
  | { useClass: Type<Keeper> }
  | { useExisting: InjectionToken };

export interface SessionAsyncOptions extends Pick<ModuleMetadata, 'imports'> {
  /** As in the options; part of the tokens, so it has to be known before the factory runs. @default 'session' */
  name?: string;
  /** As in the options; decides whether an interceptor is bound. @default 'eager' */
  load?: SessionOptions['load'];
  inject?: InjectionToken[];
  useFactory: (...args: never[]) => AsyncSettings | Promise<AsyncSettings>;
}

/** What the factory of `forRootAsync` resolves to. */
export type AsyncSettings = { store: Keeper } & Omit<SessionOptions, 'name' | 'load'>;

/** What the factory of `forRootAsync` resolved to, if it is of the right kind. */
export function checkGiven(given: AsyncSettings): AsyncSettings {
  const store: unknown = (given as AsyncSettings | undefined)?.store;
  if (typeof store !== 'object' || store === null) {
    const kind = typeof store === 'function' ? `the class ${store.name} as its store` : 'no store';
    throw new SessionConfigError(
      `SessionModule.forRootAsync(): useFactory must resolve to { store, ...options } with an instance of a store, new ` +
        `MemorySessionStore() say; what it resolved to has ${kind}.`,
    );
  }
  const early = (['name', 'load'] as const).find((name) => (given as SessionOptions)[name] !== undefined);
  if (early === undefined) return given;
  throw new SessionConfigError(
    `SessionModule.forRootAsync(): ${early} must be known before useFactory runs. Write it beside useFactory, not into ` +
      'what that resolves to.',
  );
}

export function withoutStore(settings: AsyncSettings): SessionOptions {
  const options: Partial<AsyncSettings> = { ...settings };
  delete options.store;
  return options;
}

/** The provider of the store of `forRoot`. */
export function storeProvider(provide: symbol, source: SessionStoreSource): Provider {
  if (typeof source === 'function') return { provide, useClass: source };
  if (typeof source !== 'object' || source === null) {
    // A string is the address of a database, more often than not, and has a password in it.
    const given = typeof source === 'string' ? 'a string' : String(source);
    throw new SessionConfigError(
      `SessionModule.forRoot() needs a store as its first argument, not ${given}: an instance such as ` +
        'new MemorySessionStore(), a class, or a custom provider.',
    );
  }
  const isProvider = 'useFactory' in source || 'useClass' in source || 'useExisting' in source;
  return (isProvider ? { provide, ...source } : { provide, useValue: source }) as Provider;
}
