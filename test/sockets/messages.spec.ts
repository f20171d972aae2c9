import { act, user, visitor } from '../support/actions.js';
import { Barrier } from '../support/barrier.js';
import { counts } from '../support/use-app.js';
import { describeSockets } from '../support/sockets-app.js';

const MINUTE = 60_000;

describeSockets('messages', {}, (app) => {
  it('find the session of the handshake', async () => {
    const ada = await user(app, 'ada');
    const socket = await app.connect(ada);
    expect(await socket.ask('who')).toMatchObject({ event: 'who', data: { userId: 'ada', isNew: false } });
  });

  it('find it from the very first, whatever handleConnection is still doing', async () => {
    const ada = await user(app, 'ada');
    const { release, reached } = app.calls.hold('read');
    const connecting = app.connect(ada);
    await reached;
    release();
    const socket = await connecting;
    expect(await socket.ask('private')).toEqual({ event: 'private', data: 'ada' });
    expect(app.room.greeted.at(-1)).toBe('ada');
  });

  it('read the session anew, each once, for guard, decorators and service together', async () => {
    const ada = await user(app, 'ada');
    const socket = await app.connect(ada);
    await socket.ask('plain');
    app.calls.reset();
    await act(ada, (session) => session.set('cart', ['tea']));
    expect(await socket.ask('cart')).toMatchObject({ data: ['tea'] });
    app.calls.reset();
    expect(await socket.ask('private')).toMatchObject({ data: 'ada' });
    expect(app.calls.calls).toEqual(counts({ read: 1 }));
    expect(await socket.ask('same')).toMatchObject({ data: true });
    expect(app.calls.calls).toEqual(counts({ read: 2 }));
    await socket.ask('plain');
    expect(app.calls.calls).toEqual(counts({ read: 2 }));
  });

  it.each([
    ['no token', ''],
    ['what is no token', 'sid=nonsense'],
  ])('a flood of messages with %s costs no store call', async (_what, cookie) => {
    const socket = await app.kind.connect(app.url, cookie);
    for (let nth = 0; nth < 20; nth++) expect(await socket.ask('who')).toMatchObject({ data: { isNew: true } });
    expect(app.calls.total).toBe(0);
    await socket.close();
  });

  it('a flood of messages with a token that opens nothing costs one read, at the handshake', async () => {
    const socket = await app.kind.connect(app.url, `sid=${'A'.repeat(56)}`);
    for (let nth = 0; nth < 20; nth++) await socket.ask('who');
    // handleConnection has asked too.
    expect(app.calls.calls).toEqual(counts({ read: 1 }));
    await socket.close();
  });

  it('strangers are refused by the guard, and told so', async () => {
    const socket = await app.connect(await visitor(app));
    expect(await socket.ask('private')).toEqual({
      event: 'exception',
      data: { status: 'error', message: 'Unauthorized', cause: expect.anything() },
    });
    expect(await socket.ask('cart')).toMatchObject({ data: ['tea'] });
  });

  it('a store that does not answer is told as what it is', async () => {
    const socket = await app.connect(await user(app, 'ada'));
    app.calls.fault = () => {
      throw new Error('secret address of the database');
    };
    const { event, data } = await socket.ask('private');
    expect(event).toBe('exception');
    expect(data).toMatchObject({ message: expect.stringContaining('session store is not available') });
    expect(JSON.stringify(data)).not.toContain('secret');
  });

  it('save what they are told to save, and updates at once', async () => {
    const ada = await user(app, 'ada');
    const socket = await app.connect(ada);
    await socket.ask('note', 'hello');
    await Promise.all(['tea', 'cup', 'pot'].map((sku) => socket.ask('add', sku)));
    const { result } = await act(ada, (session) => ({ note: session.get('note'), cart: session.get('cart') }));
    expect(result.note).toBe('hello');
    expect([...result.cart].sort()).toEqual(['cup', 'pot', 'tea']);
  });

  it('do not save what nobody saved, and say so once', async () => {
    const ada = await user(app, 'ada');
    const socket = await app.connect(ada);
    app.calls.reset();
    await socket.ask('forgetful', 'lost');
    await socket.ask('forgetful', 'lost again');
    expect(app.calls.calls).toEqual(counts({ read: 2 }));
    expect(app.log).toEqual([
      expect.stringMatching(/'forgetful' changed the session and did not save it.*session.save/),
    ]);
  });

  it('cannot log in, regenerate or begin a session: there is no response for the cookie', async () => {
    const [ada, stranger] = [await app.connect(await user(app, 'ada')), await app.connect()];
    const told = async (socket = ada, what: string) => String((await socket.ask('try', what)).data);
    expect(await told(ada, 'login')).toMatch(/^SessionNoResponseError: login\(\) needs a new cookie/);
    expect(await told(ada, 'regenerate')).toMatch(/^SessionNoResponseError: regenerate\(\) needs a new cookie/);
    expect(await told(stranger, 'set')).toMatch(/^SessionNoResponseError: A new session needs a new cookie/);
    expect(await told(stranger, 'update')).toMatch(/^SessionNoResponseError: A new session needs a new cookie/);
    expect(app.calls.calls.update + app.calls.calls.create).toBe(1);
  });

  it('C-2 I13 a handler never writes into a session that has changed hands meanwhile', async () => {
    const guest = await visitor(app);
    const socket = await app.connect(guest);
    app.room.barrier = new Barrier();
    socket.send('slow', 'planted');
    await app.room.barrier.arrived(1);
    await act(guest, (session) => session.login('ada'));
    const conflict = new Promise((resolve) => {
      app.service.events$.subscribe(({ type }) => type === 'conflict' && resolve(type));
    });
    app.room.barrier.open();
    expect(await conflict).toBe('conflict');
    const { result } = await act(guest, (session) => ({ userId: session.userId, note: session.get('note') }));
    expect(result).toEqual({ userId: 'ada', note: undefined });
  });

  it('are signs of life, at most one per touchInterval, also where no handler looks at the session', async () => {
    const ada = await user(app, 'ada');
    const socket = await app.connect(ada);
    await socket.ask('plain');
    app.calls.reset();
    for (let minute = 0; minute < 3; minute++) {
      app.clock.advance(MINUTE);
      await Promise.all([socket.ask('plain'), socket.ask('plain'), socket.ask('who')]);
      await socket.ask('plain');
      expect(app.calls.calls.touch).toBe(minute + 1);
    }
    // Longer than the idle timeout, in steps that are shorter.
    for (let step = 0; step < 4; step++) {
      app.clock.advance(20 * MINUTE);
      expect(await socket.ask('private')).toMatchObject({ data: 'ada' });
      await socket.ask('plain');
    }
  });
});
