import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Provider } from 'oidc-provider';
import { Client } from './client.js';

/** A certified OpenID provider on a free port, whose user is Ada, has signed in already and consents to everything. */
export class OidcProvider {
  readonly #server = createServer();

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** `redirectUri`: of the one client, whose id is 'shop'. */
  async start(redirectUri: string): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    const provider = this.#create(redirectUri);
    const callback = provider.callback();
    this.#server.on('request', (request, response) => {
      if (request.url?.startsWith('/interaction/')) void signIn(provider, request, response);
      else void callback(request, response);
    });
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  /** Where it sends a browser in the end that is sent to this address, as a path. */
  async consent(address: string): Promise<string> {
    const browser = new Client(this.url);
    let location = address;
    while (location.startsWith(this.url)) {
      const answer = await browser.get(location.slice(this.url.length));
      location = new URL(answer.headers.get('location') ?? `/${answer.status} ${answer.text}`, this.url).href;
    }
    const { pathname, search } = new URL(location);
    return pathname + search;
  }

  #create(redirectUri: string): Provider {
    return new Provider(this.url, {
      clients: [{ client_id: 'shop', client_secret: 'open sesame', redirect_uris: [redirectUri] }],
      jwks: { keys: [generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' })] },
      ttl: { AccessToken: 60, Grant: 60, IdToken: 60, Interaction: 60, Session: 60 },
      cookies: { keys: ['correct horse battery staple'] },
      features: { devInteractions: { enabled: false } },
      interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
      findAccount: (_context, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
      async loadExistingGrant({ oidc }) {
        const grant = new oidc.provider.Grant({ clientId: oidc.client!.clientId, accountId: oidc.session!.accountId! });
        grant.addOIDCScope('openid');
        await grant.save();
        return grant;
      },
    });
  }
}

async function signIn(provider: Provider, request: IncomingMessage, response: ServerResponse): Promise<void> {
  await provider.interactionFinished(request, response, { login: { accountId: 'ada' } });
}
