import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** As much of an OAuth 2 server as a surface needs: the user has always consented, and PKCE is checked. */
export class AuthorizationServer {
  readonly #server = createServer((request, response) => void this.#answer(request, response));
  readonly #challenges = new Map<string, string>();

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async start(): Promise<this> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return this;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  /** Where it sends a browser back to that was redirected to it, as a path. */
  async back(redirect: Response): Promise<string> {
    const { headers } = await fetch(redirect.headers.get('location') ?? '', { redirect: 'manual' });
    const { pathname, search } = new URL(headers.get('location') ?? '');
    return pathname + search;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', this.url);
    if (pathname === '/authorize') return this.#authorize(searchParams, response);
    const params = new URLSearchParams(await text(request));
    const challenge = this.#challenges.get(params.get('code') ?? '');
    const verifier = createHash('sha256').update(params.get('code_verifier') ?? '');
    const good = challenge === verifier.digest('base64url');
    response.writeHead(good ? 200 : 400, { 'content-type': 'application/json' });
    response.end(JSON.stringify(good ? { access_token: 'any', token_type: 'bearer' } : { error: 'invalid_grant' }));
  }

  #authorize(params: URLSearchParams, response: ServerResponse): void {
    const code = randomUUID();
    this.#challenges.set(code, params.get('code_challenge') ?? '');
    const location = new URL(params.get('redirect_uri') ?? '');
    location.search = String(new URLSearchParams({ code, state: params.get('state') ?? '' }));
    response.writeHead(302, { location: location.href }).end();
  }
}
