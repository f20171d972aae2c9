import { hash } from 'node:crypto';
import { SessionConfigError } from '../../core/errors.js';
import type { MemcachedClient } from './memcached.client.js';

/** The client of the only server, or name → client. */
export type MemcachedServers = MemcachedClient | Readonly<Record<string, MemcachedClient>>;

const METHODS = ['gets', 'add', 'cas', 'delete'] as const;

/**
 * Which server keeps which session: the same one always, whether it answers or not. With a server that is left out for as
 * long as it does not answer, its sessions would begin anew elsewhere, and when it comes back, with its memory as it
 * was, those of people who have logged out since would be alive again.
 */
export class ServerChoice {
  readonly all: readonly (readonly [name: string, client: MemcachedClient])[];

  constructor(servers: MemcachedServers) {
    if (typeof servers !== 'object' || servers === null) throw notAClient(servers);
    this.all = isClient(servers) ? [['the server', servers]] : Object.entries(servers);
    if (this.all.length === 0) throw new SessionConfigError('MemcachedSessionStore was given no server.');
    for (const [name, client] of this.all) checkClient(name, client);
  }

  /**
   * Rendezvous hashing: the server whose name gives the highest hash together with the id. A server that is added or
   * removed for good takes its own share of the sessions with it, and no other's.
   */
  for(id: string): MemcachedClient {
    let [best] = this.all as [(typeof this.all)[number]];
    if (this.all.length === 1) return best[1];
    let highest = '';
    for (const server of this.all) {
      const score = hash('sha256', `${server[0]}\n${id}`);
      if (score > highest) [highest, best] = [score, server];
    }
    return best[1];
  }
}

function isClient(value: unknown): value is MemcachedClient {
  const candidate = value as Partial<Record<string, unknown>> | null | undefined;
  return METHODS.every((method) => typeof candidate?.[method] === 'function');
}

function checkClient(name: string, client: unknown): void {
  if (!isClient(client)) throw notAClient(client, name);
  // It sends each command to any of them: what it writes to one it looks for in another.
  const { server } = (client.options ?? {}) as { server?: { servers?: unknown } };
  if (Array.isArray(server?.servers) && server.servers.length > 1) {
    throw new SessionConfigError(
      `MemcachedSessionStore needs a client for each server, and the one for '${name}' was made for ` +
        `${server.servers.length}: it would send each command to any of them. Make a client per server and pass them by ` +
        "name, new MemcachedSessionStore({ 'cache-1': client1, 'cache-2': client2 }).",
    );
  }
}

function notAClient(value: unknown, name?: string): SessionConfigError {
  const what = value === null || typeof value !== 'object' ? String(value) : 'an object without them';
  return new SessionConfigError(
    `MemcachedSessionStore needs a client with the methods ${METHODS.join(', ')}, and was given ${what}` +
      `${name === undefined ? '' : ` for '${name}'`}. Pass a MemcacheClient of the package memcache-client, or several by ` +
      "name, { 'cache-1': client1, 'cache-2': client2 }.",
  );
}
