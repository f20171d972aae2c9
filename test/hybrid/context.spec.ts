import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MemorySessionStore, SessionModule, SessionModuleMissingError, SessionService } from 'nest-sessions';
import { act, ActionController } from '../support/actions.js';
import { startApp } from '../support/app.js';

describe('an application without HTTP', () => {
  it('lists and revokes sessions, for a command line or a worker', async () => {
    const store = new MemorySessionStore();
    const shop = await startApp({ controllers: [ActionController], store });
    const client = shop.client();
    await act(client, (session) => session.login('ada', { label: 'a phone' }));

    @Module({ imports: [SessionModule.forRoot(store)] })
    class WorkerModule {}
    const worker = await NestFactory.createApplicationContext(WorkerModule, { logger: false, abortOnError: false });
    const sessions = worker.get(SessionService);
    const [phone] = await sessions.list('ada');
    expect(phone).toMatchObject({ label: 'a phone' });
    expect(await sessions.revoke(phone!.id)).toBe(true);
    expect(await sessions.revokeAll('ada')).toBe(0);
    await expect(sessions.current()).rejects.toThrow(SessionModuleMissingError);
    await worker.close();

    expect((await act(client, (session) => session.userId)).result).toBeUndefined();
    await shop.close();
  });
});
