import { readFileSync } from 'node:fs';
import { Test } from '@nestjs/testing';
import { SessionService } from 'nest-sessions';
import request from 'supertest';
import { optionsTable } from '../../scripts/options-table.js';
import { openDatabase } from '../support/postgres.js';
import { AppModule } from './app.module.js';

const readme = readFileSync('README.md', 'utf8');

/** Without the indentation that the compiled examples have. */
function flat(text: string): string {
  return text.replace(/^ +/gm, '');
}

describe('docs/stores.md', () => {
  const examples = readFileSync('docs/stores.md', 'utf8').match(/(?<=^```ts\n)[^`]*/gm)!;

  it.each(examples)('shows what is compiled: %s', (example) => {
    expect(flat(readFileSync('test/readme/stores.ts', 'utf8'))).toContain(flat(example));
  });
});

describe('README', () => {
  it.each(['app', 'postgres'])('shows the example that a test below runs: %s', (name) => {
    expect(readme).toContain(readFileSync(`test/readme/${name}.module.ts`, 'utf8').trim());
  });

  it("the package's own has the same example", () => {
    expect(readFileSync('libs/session/README.md', 'utf8')).toContain(
      readFileSync('test/readme/app.module.ts', 'utf8').trim(),
    );
  });

  it('the example works', async () => {
    const module = await Test.createTestingModule({ imports: [AppModule] }).compile();
    const app = await module.createNestApplication({ logger: false }).init();
    const browser = request.agent(app.getHttpServer());
    await browser.get('/profile').expect(401);
    await Promise.all(['tea', 'cup'].map((sku) => browser.post('/cart').send({ sku })));
    await browser.post('/cart').send({ sku: 'pot' }).expect(201);
    await browser.post('/login').send({ user: 'ada' }).expect(201);
    const { body } = await browser.get('/profile').expect(200);
    expect(body.user).toBe('ada');
    expect(body.cart).toContain('pot');
    await app.close();
  });

  it('the example with Postgres makes its tables, and starts', async () => {
    const database = await openDatabase();
    await database.dataSource.undoLastMigration();
    Object.assign(process.env, {
      DATABASE_URL: database.url,
      SESSION_SECRET: 'correct horse battery staple, thirty-two bytes',
    });
    const { AppModule: PostgresModule } = await import('./postgres.module.js');
    const module = await Test.createTestingModule({ imports: [PostgresModule] }).compile();
    const app = await module.createNestApplication({ logger: false }).init();
    expect(await app.get(SessionService).list('ada')).toEqual([]);
    await app.close();
    await database.close();
  });

  it('its table of options is the one in the code', () => {
    expect(readme).toContain(optionsTable());
  });
});
