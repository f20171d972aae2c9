import { type ClientRequest, request as httpRequest } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { Controller, Post } from '@nestjs/common';
import { Session } from 'nest-sessions';
import { startApp, type TestApp } from '../support/app.js';
import type { Platform } from '../support/platforms.js';

/** Long enough for an application that does not wait to have closed. Milliseconds. */
const A_MOMENT = 50;

@Controller()
class VisitController {
  @Post('visit')
  visit(@Session() session: Session<{ visits: number }>) {
    session.set('visits', (session.get('visits') ?? 0) + 1);
  }
}

describe.each<Platform>(['express', 'fastify'])('an application that closes, on %s', (platform) => {
  let app: TestApp;

  beforeEach(async () => {
    app = await startApp({ controllers: [VisitController], platform });
  });

  it('B-19 answers and saves what is being saved, and only then lets go of the store', async () => {
    const client = app.client();
    await client.post('/visit');
    const held = app.calls.hold('update');
    const visit = client.post('/visit');
    await held.reached;
    const closing = app.close().then(() => app.events.map(({ type }) => type));
    await setTimeout(A_MOMENT);
    held.release();
    expect((await visit).status).toBe(201);
    expect(await closing).toEqual(['created', 'saved']);
  });

  it('B-19 waits for the save of a client that has left', async () => {
    const held = app.calls.hold('create');
    const visit = begin(`${app.url}/visit`);
    await held.reached;
    visit.destroy();
    await new Promise((resolve) => visit.once('close', resolve));
    const closing = app.close().then(() => app.events.map(({ type }) => type));
    await setTimeout(A_MOMENT);
    held.release();
    expect(await closing).toEqual(['created']);
  });
});

/** A request that nobody waits for. */
function begin(url: string): ClientRequest {
  const request = httpRequest(url, { method: 'POST' });
  request.on('error', () => {});
  return request.end();
}
