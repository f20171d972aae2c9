import type { AddressInfo } from 'node:net';
import type { Server } from 'node:http';
import express, { type Express } from 'express';
import session, { type SessionOptions as OldOptions, type Store } from 'express-session';
import createMemoryStore from 'memorystore';
import { Passport } from 'passport';
import { Client } from './client.js';
import type { TestApp } from './app.js';

/** The application as it was before: somebody else's, with the session library that it had. */
export interface OldApp {
  client(): Client;
  close(): Promise<void>;
}

export async function listen(server: Server): Promise<OldApp> {
  if (!server.listening) await new Promise((done) => server.once('listening', done));
  const { port } = server.address() as AddressInfo;
  return {
    client: () => new Client(`http://127.0.0.1:${port}`),
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

/** What the old application signs with, and what the new one does. */
export const OLD_SECRET = 'keyboard cat';
export const SECRET = 'correct horse battery staple, thirty-two bytes';

/** A store for express-session whose calls are counted, and of which those named by `down` fail. */
export function watched(store: Store) {
  const calls = { get: 0, set: 0, destroy: 0 };
  const watch = { calls, down: [] as string[], store };
  watch.store = new Proxy(store, {
    get(target, name: keyof typeof calls) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        if (name in calls) calls[name]++;
        if (watch.down.includes(name)) return void (args.at(-1) as (error: Error) => void)(new Error('down'));
        return Reflect.apply(value, target, args) as unknown;
      };
    },
  });
  return watch;
}

export const memoryStore = (): Store => new (createMemoryStore(session))({});

/** With Passport, as its documentation has it. */
export function startOldExpress(options: Partial<OldOptions> & { store: Store }): Promise<OldApp> {
  const passport = new Passport();
  passport.serializeUser((user, done) => done(null, (user as { id: string }).id));
  passport.deserializeUser((id, done) => done(null, { id }));
  const app = express();
  app.use(session({ secret: OLD_SECRET, resave: false, saveUninitialized: false, ...options }));
  app.use(passport.session());
  return routed(app, (request, user, done) => request.login({ id: user }, done));
}

/** The routes of an old application on Express: `/login/:user` and `/cart/:sku`. */
export function routed(
  app: Express,
  login: (request: express.Request, user: string, done: (error?: unknown) => void) => void,
): Promise<OldApp> {
  app.get('/login/:user', (request, response, next) => {
    login(request, request.params.user, (error) => (error ? next(error) : response.end()));
  });
  app.get('/cart/:sku', (request, response) => {
    Object.assign(request.session!, { cart: [request.params.sku] });
    response.end();
  });
  return listen(app.listen(0, '127.0.0.1'));
}

/** A person whom the old application knows, at the new one. */
export function movedTo(app: TestApp, { jar }: Client): Client {
  const client = app.client();
  for (const [name, value] of jar) client.jar.set(name, value);
  return client;
}

/** Logged in there, and something in the cart. */
export async function oldUser(old: OldApp, user: string): Promise<Client> {
  const client = old.client();
  const answers = [await client.get(`/login/${user}`), await client.get('/cart/tea')];
  if (answers.some(({ status }) => status !== 200)) throw new Error(`The test could not begin: ${answers[0]!.text}`);
  return client;
}
