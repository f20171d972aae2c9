import type { INestApplication } from '@nestjs/common';
import express, { type NextFunction, type Request, type Response } from 'express';
import { watchCrashes } from '../support/crashes.js';
import { exchange, RawConnection, valuesOf } from '../support/raw.js';
import { STORES } from '../support/stores.js';
import { counts, LOADS, useApp } from '../support/use-app.js';
import { AnswersController, Marker, MARKING } from './answers.js';

/** A finished Express application, as dashboards and admin panels come. */
function dashboard(): express.Express {
  const panel = express();
  panel.get('/value', (_request, response) => void response.json({ panel: true }));
  panel.get('/parts', (_request, response) => {
    response.write('one');
    response.end('two');
  });
  return panel;
}

/** Looks at the session in front of everything under `/panel`, and twice at that. */
function prepare(app: INestApplication): void {
  const mark = async (request: Request, _response: Response, next: NextFunction): Promise<void> => {
    await app.get(Marker).mark(request);
    next();
  };
  app.use('/panel', mark, mark);
  app.use('/panel', dashboard());
  app.use('/object', mark);
  app.use(dashboard());
}

describe.each(Object.entries(STORES))('Express applications mounted in ours on %s', (_name, open) => {
  describe.each(LOADS)('%s', (load) => {
    const test = useApp(open, { controllers: [AnswersController], providers: [MARKING], options: { load }, prepare });
    watchCrashes();

    it.each([
      ['/panel/value', '{"panel":true}'],
      ['/panel/parts', 'onetwo'],
      ['/object', '{"ok":true}'],
    ])('B-12 %s: what middleware in front wrote is saved before the first byte, with a cookie', async (path, text) => {
      const connection = await RawConnection.open(test.port);
      const held = test.calls.hold('create');
      connection.send({ path });
      await held.reached;
      await exchange(test.port, { path: '/nowhere' });
      const early = connection.received;
      held.release();
      const answer = await connection.answer();
      connection.destroy();
      expect(early).toBe(0);
      expect(answer.text).toBe(text);
      expect(valuesOf(answer, 'set-cookie')).toHaveLength(1);
      expect(test.calls.calls).toEqual(counts({ create: 1 }));
    });

    it('B-13 middleware that is mounted twice opens the session once', async () => {
      const first = await exchange(test.port, { path: '/object' });
      const cookie = valuesOf(first, 'set-cookie')[0]!.split(';')[0]!;
      test.calls.reset();
      await exchange(test.port, { path: '/panel/value', headers: { Cookie: cookie } });
      expect(test.calls.calls.read).toBe(1);
    });
  });
});
