import { Controller, Get, Post } from '@nestjs/common';
import { Session } from 'nest-sessions';
import { startApp } from '../support/app.js';
import type { Client } from '../support/client.js';
import { STORES } from '../support/stores.js';
import { counts, LOADS, useApp } from '../support/use-app.js';

interface Data {
  visits: number;
}

@Controller()
class VisitsController {
  @Get('read')
  read(@Session() session: Session<Data>) {
    return { visits: session.get('visits') ?? null };
  }

  @Post('write')
  async write(@Session() session: Session<Data>) {
    session.set('visits', (session.get('visits') ?? 0) + 1);
  }

  @Post('logout')
  logout(@Session() session: Session<Data>) {
    session.logout();
  }
}

const controllers = [VisitsController];
const OLD_KEY = 'the old key, thirty-two bytes at least';
const NEW_KEY = 'a new key for the tokens, just as long';
const STRANGER = { visits: null };

/** A token that looks right and that nobody issued. */
const UNKNOWN = 'u'.repeat(56);

const ID_LENGTH = 24;
/** The last character before the signature stands for whole bits, so another one is another secret. */
function alter(token: string, index: number): string {
  const other = token[index] === 'A' ? 'B' : 'A';
  return token.slice(0, index) + other + token.slice(index + 1);
}

function withCookies(...values: string[]): RequestInit {
  return { headers: { cookie: values.map((value) => `sid=${value}`).join('; ') } };
}

const MALFORMED: [string, (token: string) => string][] = [
  ['nothing', () => ''],
  ['one character too few', (token) => token.slice(1)],
  ['one character too many', (token) => `${token}A`],
  ['a character outside of base64url', (token) => `+${token.slice(1)}`],
  ['quotes around it', (token) => `"${token.slice(1, -1)}"`],
  ['an escaped character', (token) => `%41${token.slice(3)}`],
  ['another separator', (token) => token.replace('.', ',')],
  ['no signature', (token) => token.slice(0, -44)],
  ['a path', () => '../../etc/passwd'],
  ['the cookie of another library', () => `s:${'a'.repeat(32)}.${'b'.repeat(43)}`],
  ['characters beyond ASCII', (token) => `é${token.slice(1)}`],
];

describe.each(Object.entries(STORES))('presented tokens on %s', (_name, open) => {
  describe.each(LOADS)('%s', (load) => {
    const signed = useApp(open, { controllers, options: { load, secret: NEW_KEY } });
    const plain = useApp(open, { controllers, options: { load } });

    /** A client with a stored session, and the counters back at zero. */
    async function visitor(test = signed): Promise<Client & { token: string }> {
      const client = test.client();
      await client.post('/write');
      test.calls.reset();
      test.events.length = 0;
      return Object.assign(client, { token: client.jar.get('sid') ?? '' });
    }

    it.each([
      ['in the id', 0],
      ['in the secret', ID_LENGTH],
      ['at the end of the secret', 55],
      ['in the signature', 57],
    ])('B-5 one changed character %s costs no store call and is told as an event', async (_where, index) => {
      const { token } = await visitor();
      const answer = await signed.client().get('/read', withCookies(alter(token, index)));
      expect(answer.json()).toEqual(STRANGER);
      expect(answer.cookies).toEqual([]);
      expect(signed.calls.total).toBe(0);
      expect(signed.events).toEqual([expect.objectContaining({ type: 'rejected', reason: 'signature' })]);
    });

    it.each(MALFORMED)('B-6 %s costs no store call', async (_what, spoil) => {
      const { token } = await visitor();
      const answer = await signed.client().get('/read', withCookies(spoil(token)));
      expect(answer.json()).toEqual(STRANGER);
      expect(answer.cookies).toEqual([]);
      expect(signed.calls.total).toBe(0);
      expect(signed.events).toEqual([expect.objectContaining({ type: 'rejected', reason: 'malformed' })]);
    });

    it('R-35 rubbish that was planted in front does not hide the token, and is told once', async () => {
      const { token } = await visitor();
      const cookie = [...Array.from({ length: 60 }, (_, index) => `rubbish${index}`), token];
      const answer = await signed.client().get('/read', withCookies(...cookie));
      expect(answer.json()).not.toEqual(STRANGER);
      expect(signed.calls.calls).toEqual(counts({ read: 1 }));
      expect(signed.events).toEqual([expect.objectContaining({ type: 'rejected', reason: 'malformed' })]);
    });

    it('B-7 an unknown token costs one read, creates nothing and takes no cookie away', async () => {
      const answer = await plain.client().get('/read', withCookies(UNKNOWN));
      expect(answer.json()).toEqual(STRANGER);
      expect(answer.cookies).toEqual([]);
      expect(plain.calls.calls).toEqual(counts({ read: 1 }));
      expect(plain.events).toEqual([expect.objectContaining({ type: 'rejected', reason: 'unknown' })]);
    });

    it('B-7 a well-signed token whose session has ended costs one read', async () => {
      const client = await visitor();
      const thief = client.copy();
      await client.post('/logout');
      signed.calls.reset();
      const answer = await thief.get('/read');
      expect(answer.json()).toEqual(STRANGER);
      expect(answer.cookies).toEqual([]);
      expect(signed.calls.calls).toEqual(counts({ read: 1 }));
    });

    it('B-7 a known id with the wrong secret opens nothing and changes nothing', async () => {
      const client = await visitor(plain);
      const answer = await plain.client().post('/write', undefined, withCookies(alter(client.token, ID_LENGTH)));
      expect(answer.cookies).toHaveLength(1);
      expect(plain.calls.calls).toEqual(counts({ read: 1, create: 1 }));
      expect((await client.get('/read')).json()).toEqual({ visits: 1 });
    });

    it('B-8 C-8 what is written with an unknown token goes to a new id, never to the presented one', async () => {
      const client = plain.client();
      const answer = await client.post('/write', undefined, withCookies(UNKNOWN));
      expect(plain.calls.calls).toEqual(counts({ read: 1, create: 1 }));
      expect(answer.cookies).toHaveLength(1);
      expect(client.jar.get('sid')).not.toContain('uuuu');
      expect((await plain.client().get('/read', withCookies(UNKNOWN))).json()).toEqual(STRANGER);
      expect((await client.get('/read')).json()).toEqual({ visits: 1 });
    });

    it.each(['/read', '/logout', '/nowhere'])('C-13 a hundred unknown tokens on %s create nothing', async (path) => {
      const verb = path === '/logout' ? 'POST' : 'GET';
      const answers = await Promise.all(
        Array.from({ length: 100 }, (_, index) =>
          plain.client().send(verb, path, undefined, withCookies(String(index).padStart(56, 'x'))),
        ),
      );
      expect(answers.flatMap(({ cookies }) => cookies.filter((line) => !line.startsWith('sid=;')))).toEqual([]);
      expect(plain.calls.calls).toEqual(counts({ read: path === '/nowhere' ? 0 : 100 }));
    });

    it('B-9 of two cookies of our name the second is taken when the first is forged', async () => {
      const { token } = await visitor();
      const answer = await signed.client().get('/read', withCookies(alter(token, 57), token));
      expect(answer.json()).toEqual({ visits: 1 });
      expect(signed.calls.calls).toEqual(counts({ read: 1 }));
    });

    it('B-9 of two cookies of our name the second is taken when the first is not in the store', async () => {
      const { token } = await visitor(plain);
      const answer = await plain.client().get('/read', withCookies(UNKNOWN, token));
      expect(answer.json()).toEqual({ visits: 1 });
      expect(plain.calls.calls).toEqual(counts({ read: 2 }));
    });

    it('B-9 of two good cookies of our name the first wins, and it is told as an event', async () => {
      const first = await visitor();
      const second = await visitor();
      await second.post('/write');
      signed.events.length = 0;
      signed.calls.reset();
      const answer = await signed.client().get('/read', withCookies(first.token, second.token));
      expect(answer.json()).toEqual({ visits: 1 });
      expect(signed.calls.calls).toEqual(counts({ read: 1 }));
      expect(signed.events).toEqual([expect.objectContaining({ type: 'duplicate' })]);
    });

    it('B-9 no more than four cookies of our name are looked at', async () => {
      const { token } = await visitor(plain);
      const five = [1, 2, 3, 4].map((digit) => String(digit).repeat(56));
      const answer = await plain.client().get('/read', withCookies(...five, token));
      expect(answer.json()).toEqual(STRANGER);
      expect(plain.calls.calls).toEqual(counts({ read: 4 }));
    });

    it.each([
      ['a name that ends like ours', (token: string) => `xsid=${token}`],
      ['a name in another case', (token: string) => `SID=${token}`],
      ['a name with a prefix', (token: string) => `__Host-sid=${token}`],
      ['a name with a no-break space', (token: string) => `\u00a0sid=${token}`],
      ['no name', (token: string) => `=sid=${token}`],
      ['a quoted value of another', (token: string) => `other="sid=${token}"`],
    ])('C-24 a cookie with %s is not ours', async (_what, format) => {
      const { token } = await visitor();
      const answer = await signed.client().get('/read', { headers: { cookie: format(token) } });
      expect(answer.json()).toEqual(STRANGER);
      expect(signed.calls.total).toBe(0);
    });

    describe('when the key changes', () => {
      it.each([
        ['read', 'GET'],
        ['write', 'POST'],
      ])('B-10 a token signed with the previous key is accepted by %s and signed anew', async (path, verb) => {
        const before = await startApp({ controllers, store: signed.calls.store, options: { load, secret: OLD_KEY } });
        const after = await startApp({
          controllers,
          store: signed.calls.store,
          options: { load, secret: [NEW_KEY, OLD_KEY] },
        });
        try {
          const client = before.client();
          await client.post('/write');
          const old = client.jar.get('sid') ?? '';
          const moved = after.client();
          moved.jar.set('sid', old);
          const answer = await moved.send(verb, `/${path}`);
          expect(answer.cookies).toHaveLength(1);
          const fresh = moved.jar.get('sid') ?? '';
          expect(fresh.slice(0, 56)).toBe(old.slice(0, 56));
          expect(fresh.slice(56)).not.toBe(old.slice(56));
          // Once is enough.
          expect((await moved.get('/read')).cookies).toEqual([]);
          const withNewKeyOnly = signed.client();
          withNewKeyOnly.jar.set('sid', fresh);
          expect((await withNewKeyOnly.get('/read')).json()).toEqual({ visits: verb === 'POST' ? 2 : 1 });
        } finally {
          await before.close();
          await after.close();
        }
      });

      it('B-10 a token signed with a key that is gone is forged', async () => {
        const before = await startApp({ controllers, store: signed.calls.store, options: { load, secret: OLD_KEY } });
        try {
          const client = before.client();
          await client.post('/write');
          signed.calls.reset();
          const answer = await signed.client().get('/read', withCookies(client.jar.get('sid') ?? ''));
          expect(answer.json()).toEqual(STRANGER);
          expect(signed.calls.total).toBe(0);
        } finally {
          await before.close();
        }
      });
    });
  });
});
