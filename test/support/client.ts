export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** The `Set-Cookie` lines. */
  readonly cookies: string[];
  readonly text: string;
  /** The body as JSON. */
  json<T = unknown>(): T;
}

/** A browser's worth of HTTP: real sockets, keep-alive, and a jar that does what `Set-Cookie` says. */
export class Client {
  readonly jar = new Map<string, string>();

  constructor(private readonly url: string) {}

  /** Another client with the same cookies: a second tab, or a thief. */
  copy(): Client {
    const copy = new Client(this.url);
    for (const [name, value] of this.jar) copy.jar.set(name, value);
    return copy;
  }

  get cookieHeader(): string {
    return [...this.jar].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  get(path: string, init?: RequestInit): Promise<Answer> {
    return this.send('GET', path, undefined, init);
  }

  post(path: string, body?: unknown, init?: RequestInit): Promise<Answer> {
    return this.send('POST', path, body, init);
  }

  async send(method: string, path: string, body?: unknown, init: RequestInit = {}): Promise<Answer> {
    const headers = new Headers(init.headers);
    if (this.jar.size > 0 && !headers.has('cookie')) headers.set('cookie', this.cookieHeader);
    if (body !== undefined) headers.set('content-type', 'application/json');
    const sent = body === undefined ? undefined : JSON.stringify(body);
    const response = await fetch(this.url + path, { redirect: 'manual', ...init, method, headers, body: sent });
    const cookies = response.headers.getSetCookie();
    for (const line of cookies) this.#keep(line);
    const text = await response.text();
    return { status: response.status, headers: response.headers, cookies, text, json: () => JSON.parse(text) };
  }

  #keep(line: string): void {
    const [pair = '', ...attributes] = line.split('; ');
    const name = pair.slice(0, pair.indexOf('='));
    if (attributes.includes('Max-Age=0')) this.jar.delete(name);
    else this.jar.set(name, pair.slice(name.length + 1));
  }
}

/** The attributes of a `Set-Cookie` line, but for how long it is to be kept. */
export function attributesOf(line: string | undefined): string[] {
  const [, ...attributes] = (line ?? '').split('; ');
  return attributes.filter((attribute) => !/^(max-age|expires)=/i.test(attribute)).sort();
}
