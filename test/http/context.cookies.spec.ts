import { Controller, Get, Post, UseGuards } from '@nestjs/common';
import { Session, SessionAuthGuard, type SessionOptions } from 'nest-sessions';
import { watchCrashes } from '../support/crashes.js';
import { exchange, type RawAnswer, valuesOf } from '../support/raw.js';
import { GROUNDS } from '../support/stores.js';
import { LOADS, useApp } from '../support/use-app.js';

interface Data {
  name: string;
}

@Controller()
class AccessController {
  @Get('none')
  none() {
    return {};
  }

  @Get('injected')
  injected(@Session() _session: Session<Data>) {
    return {};
  }

  @Get('field')
  field(@Session('name') name: string | undefined) {
    return { name };
  }

  @Get('has')
  has(@Session() session: Session<Data>) {
    return { has: session.has('name') };
  }

  @Get('keys')
  keys(@Session() session: Session<Data>) {
    return session.keys();
  }

  @Get('user')
  user(@Session() session: Session<Data>) {
    return { user: session.userId };
  }

  @Get('guarded')
  @UseGuards(SessionAuthGuard)
  guarded() {
    return {};
  }

  @Post('write')
  write(@Session() session: Session<Data>) {
    session.set('name', 'Ada');
  }

  @Post('remember')
  remember(@Session() session: Session<Data>) {
    session.login('ada', { remember: true });
  }

  @Post('logout')
  logout(@Session() session: Session<Data>) {
    session.logout();
  }
}

const SECRET = 'a secret of at least thirty-two bytes';
const TOKEN = '[A-Za-z0-9_-]{56}';
const SIGNATURE = '\\.[A-Za-z0-9_-]{43}';
const controllers = [AccessController];

const GOLDEN: [what: string, options: SessionOptions, line: string][] = [
  ['for development', {}, `sid=${TOKEN}; Path=/; HttpOnly; SameSite=Lax`],
  ['for production', { cookie: { secure: true } }, `__Host-sid=${TOKEN}; Path=/; HttpOnly; Secure; SameSite=Lax`],
  [
    'for production, signed',
    { cookie: { secure: true }, secret: SECRET },
    `__Host-sid=${TOKEN}${SIGNATURE}; Path=/; HttpOnly; Secure; SameSite=Lax`,
  ],
  [
    'shared with subdomains',
    { cookie: { secure: true, domain: 'shop.example' } },
    `__Secure-sid=${TOKEN}; Domain=shop.example; Path=/; HttpOnly; Secure; SameSite=Lax`,
  ],
  [
    'that outlives the browser',
    { cookie: { persistent: true } },
    `sid=${TOKEN}; Max-Age=43200; Path=/; HttpOnly; SameSite=Lax`,
  ],
  [
    'of a frame in other sites',
    { cookie: { secure: true, sameSite: 'none', partitioned: true } },
    `__Host-sid=${TOKEN}; Path=/; HttpOnly; Secure; Partitioned; SameSite=None`,
  ],
];

function write(port: number, headers: Record<string, string> = {}, path = '/write'): Promise<RawAnswer> {
  return exchange(port, { method: 'POST', path, headers: { 'Content-Length': '0', ...headers } });
}

describe.each(Object.entries(GROUNDS))('cookies and caches on %s', (_name, open) => {
  describe.each(LOADS)('%s', (load) => {
    watchCrashes();

    describe.each(GOLDEN)('a cookie %s', (_what, options, line) => {
      const test = useApp(open, { controllers, options: { load, ...options } });
      // In which order the attributes come is nobody's business but this test's.
      const sorted = (text: string) => text.split('; ').sort();

      it('B-58 C-43 R-37 its line', async () => {
        const [cookie, ...others] = valuesOf(await write(test.port), 'set-cookie');
        expect(others).toEqual([]);
        const expected = sorted(line);
        expect(sorted(cookie!)).toEqual(
          expected.map((part): unknown => (part.includes(TOKEN) ? expect.stringMatching(`^${part}$`) : part)),
        );
      });

      it('R-34 C-34 the line that clears it has the same attributes', async () => {
        const [cookie = ''] = valuesOf(await write(test.port), 'set-cookie');
        const [pair = '', ...attributes] = cookie.split('; ');
        const [cleared = ''] = valuesOf(await write(test.port, { Cookie: pair }, '/logout'), 'set-cookie');
        const name = pair.slice(0, pair.indexOf('='));
        const kept = attributes.filter((attribute) => !attribute.startsWith('Max-Age'));
        expect(sorted(cleared)).toEqual(
          [`${name}=`, 'Max-Age=0', 'Expires=Thu, 01 Jan 1970 00:00:00 GMT', ...kept].sort(),
        );
      });
    });

    describe('a session that is to be remembered', () => {
      const test = useApp(open, { controllers, options: { load } });

      it('R-37 has a Max-Age of what is left of its life', async () => {
        const [cookie] = valuesOf(await write(test.port, {}, '/remember'), 'set-cookie');
        expect(cookie).toContain(`Max-Age=${90 * 24 * 60 * 60}`);
      });
    });

    describe('caches', () => {
      const test = useApp(open, { controllers, options: { load } });

      it.each(['/injected', '/field', '/has', '/keys', '/user', '/guarded'])(
        'C-22 R-40 %s depends on the cookie, and says so, to strangers too',
        async (path) => {
          const client = test.client();
          await client.post('/write');
          expect((await client.get(path)).headers.get('vary')).toBe('Cookie');
          expect((await test.client().get(path)).headers.get('vary')).toBe('Cookie');
        },
      );

      it('C-22 R-40 an answer that does not depend on the session may be kept', async () => {
        const client = test.client();
        await client.post('/write');
        const answer = await client.get('/none');
        expect(answer.headers.get('vary')).toBeNull();
        expect(answer.headers.get('cache-control')).toBeNull();
      });

      it.each(['/write', '/logout', '/remember'])(
        'C-22 R-40 an answer with a cookie is never kept: %s',
        async (path) => {
          const client = test.client();
          if (path === '/logout') await client.post('/write');
          const answer = await client.post(path);
          expect(answer.cookies).toHaveLength(1);
          expect(answer.headers.get('cache-control')).toBe('private, no-store');
          expect(answer.headers.get('vary')).toBe('Cookie');
        },
      );
    });

    describe('secure cookies over plain http', () => {
      const options = { load, cookie: { secure: true } };
      const plain = useApp(open, { controllers, options });
      const proxied = useApp(open, {
        controllers,
        options,
        trustProxy: true,
      });
      const insecure = useApp(open, { controllers, options: { load } });
      const shop = { Host: 'shop.example' };

      /** What was said about http since the application started. */
      let said: string[] = [];
      beforeAll(() => (said = []));
      afterEach(() => said.push(...plain.log));

      it('R-39 B-60 are sent all the same, with one warning that names the remedy', async () => {
        for (let times = 0; times < 3; times++) {
          expect(valuesOf(await write(plain.port, shop), 'set-cookie')).toHaveLength(1);
        }
        expect(plain.log).toEqual([expect.stringContaining('trust proxy')]);
      });

      it('R-39 C-41 a forwarded header nobody said to trust is not believed', async () => {
        await write(plain.port, { ...shop, 'X-Forwarded-Proto': 'https', 'X-Forwarded-Host': 'localhost' });
        // Warned of already: once in the life of an application.
        expect([...said, ...plain.log]).toHaveLength(1);
      });

      it('R-39 no warning behind a proxy that is trusted and speaks https', async () => {
        const answer = await write(proxied.port, { ...shop, 'X-Forwarded-Proto': 'https' });
        expect(valuesOf(answer, 'set-cookie')).toHaveLength(1);
        expect(proxied.log).toEqual([]);
      });

      it('R-39 no warning on the machine itself, where browsers keep secure cookies', async () => {
        for (const host of ['localhost', 'localhost:3000', '127.0.0.1:3000', '[::1]:3000']) {
          await write(proxied.port, { Host: host });
        }
        expect(proxied.log).toEqual([]);
      });

      it('R-39 a proxy that is trusted and says http is warned of', async () => {
        await write(proxied.port, { ...shop, 'X-Forwarded-Proto': 'http' });
        expect(proxied.log).toHaveLength(1);
      });

      it('R-39 no warning where cookies are not secure', async () => {
        await write(insecure.port, shop);
        expect(insecure.log).toEqual([]);
      });
    });
  });
});
