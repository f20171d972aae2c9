import { Controller, Get, Post, UseGuards } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  MemorySessionStore,
  Session,
  SESSION_STORE,
  SessionAuthGuard,
  SessionConfigError,
  SessionModule,
  SessionService,
} from 'nest-sessions';
import { CookieSessionStore } from 'nest-sessions/cookie';
import { ManualClock } from 'nest-sessions/testing';
import { act, ActionController, type AnySession, user } from '../support/actions.js';
import type { TestApp } from '../support/app.js';
import { CookieApps, KEY } from '../support/cookie-app.js';
import { exchange } from '../support/raw.js';
import { at } from '../support/suite.js';

const OLD_KEY = 'what was the key before, of thirty-two bytes';

@Controller()
class AccountController {
  @Get('account')
  @UseGuards(SessionAuthGuard)
  account(@Session() session: AnySession) {
    return { userId: session.userId };
  }

  @Post('visit')
  visit(@Session() session: AnySession) {
    session.set('visited', true);
  }
}

const ACCOUNT = { controllers: [ActionController, AccountController] };

const apps = new CookieApps();

afterAll(() => apps.close());

describe('B-10 R-47 F25 a key that changes', () => {
  const clock = new ManualClock();

  const serving = (keys: string[]): Promise<TestApp> => apps.start({ keys }, {}, { ...ACCOUNT, clock });

  it('logs nobody out while the old one is in the list, and everybody when it is not', async () => {
    const client = await user(await serving([OLD_KEY]), 'ada');
    const old = client.jar.get('sid');
    const rotated = at(await serving([KEY, OLD_KEY]), client);
    expect((await rotated.get('/account')).cookies).toHaveLength(1);
    expect((await rotated.get('/account')).cookies).toHaveLength(0);
    expect(rotated.jar.get('sid')).not.toBe(old);
    const after = await serving([KEY]);
    expect((await at(after, rotated).get('/account')).status).toBe(200);
    expect((await at(after, client).get('/account')).status).toBe(401);
  });
});

describe('the set-up of sessions in a cookie', () => {
  const boot = async (module: ReturnType<typeof SessionModule.forRoot>): Promise<void> => {
    const compiled = await Test.createTestingModule({ imports: [module] }).compile();
    await compiled.close();
  };
  const REPLAY = new CookieSessionStore({ keys: [KEY], acceptReplayFor: '90d' });

  it('R-48 needs a key, of its own or the secret of the module', async () => {
    const bare = new CookieSessionStore({ acceptReplayFor: '90d' });
    await expect(boot(SessionModule.forRoot(bare))).rejects.toThrow('there is no key to encrypt with');
    await boot(SessionModule.forRoot(bare, { secret: KEY }));
  });

  it('R-16 needs a word about replays', async () => {
    const short = new CookieSessionStore({ keys: KEY, acceptReplayFor: '1d' });
    const error = await boot(SessionModule.forRoot(short)).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SessionConfigError);
    expect(String(error)).toContain("Write acceptReplayFor: '90d'");
    await boot(SessionModule.forRoot(short, { remember: { idle: '1d', absolute: '1d' } }));
    await expect(boot(SessionModule.forRoot(CookieSessionStore, { secret: KEY }))).rejects.toThrow(SessionConfigError);
  });

  it('takes a factory, and options from a factory', async () => {
    await boot(SessionModule.forRoot({ useFactory: () => REPLAY }));
    await boot(SessionModule.forRootAsync({ useFactory: () => ({ store: REPLAY }) }));
  });

  it('B-64 C-14 two sessions of one application are two, whatever is under whose name', async () => {
    const admin = SessionModule.forRoot(new CookieSessionStore({ keys: KEY, acceptReplayFor: '90d' }), {
      name: 'admin',
      cookie: { name: 'admin' },
    });
    const app = await apps.start({}, {}, { imports: [admin] });
    const client = await user(app, 'ada');
    client.jar.set('admin', client.jar.get('sid')!);
    const { result } = await act(client, async (_session, { request }) => {
      const service = app.app.get<SessionService>(Symbol.for('nest-sessions:SessionService:admin'));
      return (await service.of(request)).userId;
    });
    expect(result).toBeUndefined();
  });

  it('C-19 a session of the same name in another cookie is another one', async () => {
    const [one, two] = [
      await apps.start({}, {}, ACCOUNT),
      await apps.start({}, { cookie: { name: 'other' } }, ACCOUNT),
    ];
    const client = await user(one, 'ada');
    const other = at(two, client);
    other.jar.set('other', client.jar.get('sid')!);
    expect((await other.get('/account')).status).toBe(401);
  });

  it('can be swapped for a store in a test', async () => {
    const module = await Test.createTestingModule({
      imports: [SessionModule.forRoot(REPLAY)],
      controllers: [ActionController],
    })
      .overrideProvider(SESSION_STORE)
      .useValue(new MemorySessionStore())
      .compile();
    const service = module.get(SessionService);
    expect(await service.list('ada')).toEqual([]);
    await module.close();
  });

  it('R-39 warns about a cookie in pieces that a browser would drop, as about any other', async () => {
    const app = await apps.start({ chunks: 2 }, { cookie: { secure: true } }, ACCOUNT);
    const headers = { Host: 'shop.example', 'Content-Length': '0' };
    await exchange(app.port, { method: 'POST', path: '/visit', headers });
    expect(app.log.join()).toContain('over what looks like plain http');
  });
});
