import { Controller, Get, Post } from '@nestjs/common';
import { Session } from 'nest-sessions';
import { startApp, type TestApp } from '../support/app.js';
import { type OpenStore, STORES } from '../support/stores.js';

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
  write(@Session() session: Session<Data>) {
    session.set('visits', 1);
  }
}

describe.each(Object.entries(STORES))('loading and creation on %s', (_name, open) => {
  let opened: OpenStore;
  let test: TestApp;

  beforeAll(async () => {
    opened = await open();
    test = await startApp({ controllers: [VisitsController], store: opened.store });
  });

  afterAll(async () => {
    await test.close();
    await opened.close();
  });

  beforeEach(() => {
    test.calls.reset();
    test.events.length = 0;
  });

  it('B-1 a stranger who only reads costs no store call and gets no cookie', async () => {
    const answer = await test.client().get('/read');
    expect(answer.json()).toEqual({ visits: null });
    expect(answer.cookies).toEqual([]);
    expect(test.calls.total).toBe(0);
  });

  it('B-2 the first write is one create, and the cookie comes after the store has acknowledged it', async () => {
    const held = test.calls.hold('create');
    let answered = false;
    const answer = test
      .client()
      .post('/write')
      .finally(() => (answered = true));
    await held.reached;
    expect(answered).toBe(false);
    held.release();
    expect((await answer).cookies).toHaveLength(1);
    expect(test.calls.calls).toEqual({ create: 1, read: 0, update: 0, touch: 0, delete: 0 });
  });
});
