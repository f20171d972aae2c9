import { randomUUID } from 'node:crypto';
import { SessionConfigError, SessionStoreUnavailableError } from '../../core/errors.js';
import { answerTo, type MemcachedClient, messageOf } from './memcached.client.js';
import type { ServerChoice } from './memcached.servers.js';
import { AT_ONCE } from './session.item.js';

/** Seconds that a probe stays if its server goes away in between. */
const PROBE_KEPT = 60;

/** Says at start-up, and to a health check, whether every server takes sessions; and, once, what Memcached is. */
export class MemcachedHealth {
  #warned = false;

  constructor(
    private readonly servers: ServerChoice,
    private readonly prefix: string,
  ) {}

  async check(): Promise<void> {
    await Promise.all(this.servers.all.map(([name, client]) => this.#checkServer(name, client)));
    if (this.#warned) return;
    this.#warned = true;
    process.emitWarning(
      'MemcachedSessionStore keeps sessions in a cache: when memory runs short Memcached throws away sessions that are in ' +
        'use, and when it restarts all of them, and their users are logged out. Use another store for sessions that must ' +
        'last, and watch "evictions" in the stats of each server.',
      { type: 'SessionStoreWarning', code: 'NEST_SESSIONS_MEMCACHED_IS_A_CACHE' },
    );
  }

  async #checkServer(name: string, client: MemcachedClient): Promise<void> {
    const key = `${this.prefix}probe:${randomUUID()}`;
    try {
      await client.add(key, name, { lifetime: PROBE_KEPT });
      const item = await client.gets(key);
      if (!item) throw new Error('it forgot a key at once');
      const answer = await answerTo(client.cas(key, name, { lifetime: AT_ONCE, casUniq: item.casUniq }));
      if (answer === 'OK' && !(await client.gets(key))) return;
    } catch (cause) {
      throw new SessionStoreUnavailableError(
        `Memcached does not take sessions (${name}): ${messageOf(cause)}. Is it running, and is the address given to the ` +
          'client right?',
        { cause },
      );
    }
    throw new SessionConfigError(
      `Memcached does not compare and set (${name}), and without that sessions lose updates. Start it without -C; a proxy ` +
        'in front of it has to pass on gets and cas, and must not send them to several servers.',
    );
  }
}
