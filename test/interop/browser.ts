/** As much of a browser as a surface needs: cookies are kept, redirects are not followed. */
export class Browser {
  readonly jar = new Map<string, string>();

  constructor(private readonly url: string) {}

  get(path: string, init?: RequestInit): Promise<Response> {
    return this.send('GET', path, init);
  }

  post(path: string, body: unknown = {}): Promise<Response> {
    const headers = { 'content-type': 'application/json' };
    return this.send('POST', path, { headers, body: JSON.stringify(body) });
  }

  async text(path: string): Promise<string> {
    return (await this.get(path)).text();
  }

  async send(method: string, path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    if (this.jar.size > 0) headers.set('cookie', [...this.jar].map((pair) => pair.join('=')).join('; '));
    const response = await fetch(this.url + path, { redirect: 'manual', ...init, method, headers });
    for (const line of response.headers.getSetCookie()) this.#keep(line);
    return response;
  }

  #keep(line: string): void {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
    if (line.includes('Max-Age=0')) this.jar.delete(name);
    else this.jar.set(name, value);
  }
}
