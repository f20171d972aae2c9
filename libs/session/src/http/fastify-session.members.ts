import { SessionMembers } from './session.members.js';

/** Plugins of Fastify ask for fields in the manner of @fastify/session and @fastify/secure-session. */
export class FastifySessionMembers extends SessionMembers {
  get(name: string): unknown {
    return SessionMembers.readable(this).get(name);
  }

  set(name: string, value: unknown): void {
    SessionMembers.assign(this, name, value);
  }

  /** All fields. */
  data(): Record<string, unknown> {
    const fields = SessionMembers.readable(this);
    return Object.fromEntries([...fields.keys()].map((name) => [name, fields.get(name)]));
  }
}
