import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** An OAuth 2 provider whose user has always consented: authorization code with PKCE (RFC 6749, RFC 7636). */
export class OAuthProvider {
  readonly #server = createServer((request, response) => void this.#answer(request, response));
  /** Codes that were given out and not used yet, with the challenge of each. */
  readonly #challenges = new Map<string, string>();

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async start(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', this.url);
    if (pathname === '/authorize') return this.#authorize(searchParams, response);
    const token = this.#token(new URLSearchParams(await text(request)));
    response.writeHead(token ? 200 : 400, { 'content-type': 'application/json' });
    response.end(JSON.stringify(token ? { access_token: token, token_type: 'bearer' } : { error: 'invalid_grant' }));
  }

  #authorize(params: URLSearchParams, response: ServerResponse): void {
    const code = randomUUID();
    this.#challenges.set(code, params.get('code_challenge') ?? '');
    const location = new URL(params.get('redirect_uri') ?? '');
    location.search = String(new URLSearchParams({ code, state: params.get('state') ?? '' }));
    response.writeHead(302, { location: location.href }).end();
  }

  /** A code is good once, for whoever knows what its challenge was made from. */
  #token(params: URLSearchParams): string | undefined {
    const code = params.get('code') ?? '';
    const verifier = params.get('code_verifier') ?? '';
    const challenge = this.#challenges.get(code);
    this.#challenges.delete(code);
    return challenge === createHash('sha256').update(verifier).digest('base64url') ? randomUUID() : undefined;
  }
}
