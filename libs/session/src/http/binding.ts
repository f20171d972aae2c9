import type { IncomingMessage } from 'node:http';
import type { Draft } from '../core/draft.js';
import { isRemembered } from '../core/expiry.js';
import type { SessionManager } from '../core/manager.js';
import type { OldCookies } from '../transport/old.cookies.js';
import type { SessionTransport } from '../transport/transport.js';
import { type AnyRequest, isUpgrade, nodeRequest } from './frameworks.js';
import type { PendingSaves } from './pending-saves.js';

/** One named session as HTTP knows it: the rules, and how its token travels. */
export interface SessionBinding {
  readonly manager: SessionManager;
  readonly transport: SessionTransport;
  /** The cookies that sessions are moved here from. */
  readonly old?: OldCookies;
  /** Cookies outlive the browser even for sessions that did not ask to be remembered. */
  readonly persistent: boolean;
  /** Whether field changes are kept when the answer is 500 and above. */
  readonly saveOnError: boolean;
  readonly saves: PendingSaves;
  /** Tells the operator something once: a failure nobody else will see, or a likely mistake in the set-up. */
  warn(message: string, error?: unknown): void;
  /** Whether this token may only travel over https. */
  readonly secure: boolean;
}

/**
 * What each application has by name, under its framework's instance and under its server: one process may run several,
 * each with sessions of its own.
 */
const applications = new Map<object, Map<string, SessionBinding>>();

/** An application, and the server in front of it if there is one. */
export interface Application {
  readonly instance: object;
  readonly server?: object;
}

/** A request as Express and Fastify extend it: each knows the application that it belongs to. */
interface FrameworkRequest {
  readonly app?: object;
  readonly server?: object;
}

/** `false`: a session of that name is registered already. */
export function registerBinding({ instance, server }: Application, name: string, binding: SessionBinding): boolean {
  const bindings = applications.get(instance) ?? new Map<string, SessionBinding>();
  applications.set(instance, bindings);
  if (server) applications.set(server, bindings);
  if (bindings.has(name)) return false;
  bindings.set(name, binding);
  return true;
}

/** The name of another session of that application whose token travels by the same name. */
export function sharerOf({ instance }: Application, { manager, transport }: SessionBinding): string | undefined {
  const { carrier } = transport;
  const others = [...(applications.get(instance) ?? [])].filter(([name]) => name !== manager.policy.name);
  return others.find(([, other]) => carrier !== undefined && other.transport.carrier === carrier)?.[0];
}

export function unregisterBinding({ instance, server }: Application, name: string): void {
  const bindings = applications.get(instance);
  bindings?.delete(name);
  if (bindings?.size !== 0) return;
  applications.delete(instance);
  if (server) applications.delete(server);
}

export function findBinding(request: object, name: string): SessionBinding | undefined {
  const { app = (request as FrameworkRequest).server } = request as FrameworkRequest;
  const bindings = bindingsOf(app) ?? bindingsBehind(nodeRequest(request as AnyRequest));
  return bindings?.get(name);
}

/** Plugins of Fastify get an application of their own, which inherits from the one they were registered with. */
function bindingsOf(application: object | undefined): Map<string, SessionBinding> | undefined {
  for (let place = application; place; place = Object.getPrototypeOf(place) as object | undefined) {
    const bindings = applications.get(place);
    if (bindings) return bindings;
  }
  return undefined;
}

/**
 * Node's own requests know the server they came to. Fastify has a second one for the other address of localhost, which
 * is nobody's: what opened a socket there is for the only application there is.
 */
function bindingsBehind(request: IncomingMessage): Map<string, SessionBinding> | undefined {
  const server = (request.socket as { server?: object } | undefined)?.server;
  const bindings = server && applications.get(server);
  if (bindings || !isUpgrade(request)) return bindings;
  const [only, ...others] = new Set(applications.values());
  return others.length === 0 ? only : undefined;
}

/** Seconds that a cookie is to outlive the browser by: what is left of the session's total, or none. */
export function maxAge(binding: SessionBinding, { record }: Draft): number | undefined {
  if (!record || !(binding.persistent || isRemembered(record))) return undefined;
  return (record.absoluteExpiresAt - binding.manager.clock.now()) / 1_000;
}
