import type { Draft } from '../core/draft.js';
import { isRemembered } from '../core/expiry.js';
import type { SessionManager } from '../core/manager.js';
import type { SessionTransport } from '../transport/transport.js';

/** One named session as HTTP knows it: the rules, and how its token travels. */
export interface SessionBinding {
  readonly manager: SessionManager;
  readonly transport: SessionTransport;
  /** Cookies outlive the browser even for sessions that did not ask to be remembered. */
  readonly persistent: boolean;
  /** Whether field changes are kept when the answer is 500 and above. */
  readonly saveOnError: boolean;
  /** Tells the operator something once: a failure nobody else will see, or a likely mistake in the set-up. */
  warn(message: string, error?: unknown): void;
  /** Whether this token may only travel over https. */
  readonly secure: boolean;
}

/** Applications by framework instance: one process may run several, each with sessions of its own. */
const applications = new WeakMap<object, Map<string, SessionBinding>>();

/** A request as Express and Fastify extend it: each knows the application that it belongs to. */
interface FrameworkRequest {
  readonly app?: object;
  readonly server?: object;
}

/** `false`: a session of that name is registered already. */
export function registerBinding(application: object, name: string, binding: SessionBinding): boolean {
  const bindings = applications.get(application) ?? new Map<string, SessionBinding>();
  applications.set(application, bindings);
  if (bindings.has(name)) return false;
  bindings.set(name, binding);
  return true;
}

export function unregisterBinding(application: object, name: string): void {
  applications.get(application)?.delete(name);
}

export function findBinding(request: object, name: string): SessionBinding | undefined {
  const { app, server } = request as FrameworkRequest;
  const application = app ?? server;
  return application && applications.get(application)?.get(name);
}

/** Seconds that a cookie is to outlive the browser by: what is left of the session's total, or none. */
export function maxAge(binding: SessionBinding, { record }: Draft): number | undefined {
  if (!record || !(binding.persistent || isRemembered(record))) return undefined;
  return (record.absoluteExpiresAt - binding.manager.clock.now()) / 1_000;
}
