import type { AddressInfo } from 'node:net';
import type { INestApplication, ModuleMetadata, Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  MemorySessionStore,
  SESSION_CLOCK,
  type SessionEvent,
  SessionModule,
  type SessionOptions,
  SessionService,
  type SessionStore,
  type SessionStoreSource,
} from 'nest-sessions';
import { FaultySessionStore, ManualClock } from 'nest-sessions/testing';
import { Client } from './client.js';
import { createApp, type PlatformSettings } from './platforms.js';

export interface TestApp {
  readonly app: INestApplication;
  readonly url: string;
  readonly port: number;
  /** Counts the calls to the store, and makes them fail or wait. */
  readonly calls: FaultySessionStore;
  readonly clock: ManualClock;
  readonly events: SessionEvent[];
  readonly service: SessionService;
  /** What was warned of or reported to the operator. */
  readonly log: string[];
  client(): Client;
  close(): Promise<void>;
}

export interface TestAppSettings extends Pick<ModuleMetadata, 'imports' | 'providers'>, PlatformSettings {
  controllers: Type[];
  store?: SessionStore;
  /** What the module is given in place of the store, made with the store that is counted. */
  source?(store: SessionStore): SessionStoreSource;
  options?: SessionOptions;
  clock?: ManualClock;
  /** Before `init`: global guards, filters, middleware. */
  prepare?(app: INestApplication): void;
}

/** A real Nest application on a free port of 127.0.0.1, with a clock that stands still. */
export async function startApp(settings: TestAppSettings): Promise<TestApp> {
  const { clock = new ManualClock(), controllers, imports = [], options, providers = [] } = settings;
  const calls = new FaultySessionStore(settings.store ?? new MemorySessionStore());
  const log: string[] = [];
  const logger = {
    warn: (...parts: unknown[]) => log.push(parts.join(' ')),
    error: (...parts: unknown[]) => log.push(parts.join(' ')),
  };
  const sessions = SessionModule.forRoot(settings.source?.(calls.store) ?? calls.store, {
    logger,
    ...patience(options),
    ...options,
  });
  const module = await Test.createTestingModule({ imports: [sessions, ...imports], controllers, providers })
    .overrideProvider(SESSION_CLOCK)
    .useValue(clock)
    .compile();
  const app = createApp(module, settings);
  settings.prepare?.(app);
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const service = app.get(SessionService);
  const events: SessionEvent[] = [];
  service.events$.subscribe((event) => events.push(event));
  return {
    app,
    url,
    port,
    calls,
    clock,
    events,
    service,
    log,
    client: () => new Client(url),
    close: () => app.close(),
  };
}

/** A busy machine may take longer for a call than an application should: deadlines are for those suites that set them. */
function patience({ requestBudget, storeTimeout }: SessionOptions = {}): SessionOptions {
  return requestBudget === undefined && storeTimeout === undefined ? { storeTimeout: '10s', requestBudget: '20s' } : {};
}
