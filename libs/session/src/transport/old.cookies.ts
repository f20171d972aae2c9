import type { IncomingMessage, ServerResponse } from 'node:http';
import type { OldCookie, OldSessions } from '../core/old.sessions.js';
import type { TokenFault } from '../core/token.js';
import { CookieTransport } from './cookie.transport.js';

/** The cookies of the library that the application used before: read to move its sessions, and cleared. */
export class OldCookies {
  readonly #cookies: ReadonlyMap<string, CookieTransport>;

  /** `ours`: a cookie that is written with every answer that clears these, should it have the name of one. */
  constructor(
    private readonly old: OldSessions,
    private readonly ours: string | undefined,
  ) {
    const { path = '/', domain, secure = false, partitioned = false } = old.attributes;
    const attributes = {
      path,
      domain,
      secure,
      partitioned,
      httpOnly: true,
      sameSite: 'lax',
      persistent: false,
    } as const;
    this.#cookies = new Map(old.cookies.map((name) => [name, new CookieTransport({ name, ...attributes })]));
  }

  /** Of several cookies of one name the first counts, as it did before. */
  find(request: IncomingMessage): OldCookie | TokenFault | undefined {
    return this.old.verify((name) => this.#cookies.get(name)?.read(request)[0]);
  }

  /** Only what the browser has sent: nobody needs to be rid of what was never there. */
  clear(request: IncomingMessage, response: ServerResponse): void {
    for (const [name, cookie] of this.#cookies) {
      if (name !== this.ours && cookie.read(request).length > 0) cookie.clear(response);
    }
  }
}
