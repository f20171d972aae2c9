import type { Answer } from '../support/client.js';
import { watchCrashes } from '../support/crashes.js';
import { GROUNDS } from '../support/stores.js';
import { counts, LOADS, useApp } from '../support/use-app.js';
import { MARKING } from './answers.js';
import { lengthOf, SIZES, Sources, STREAMS, StreamsController } from './streams.js';

describe.each(Object.entries(GROUNDS))('streams through the gate on %s', (_name, open) => {
  describe.each(LOADS)('%s', (load) => {
    const test = useApp(open, {
      controllers: [StreamsController],
      providers: [MARKING, Sources],
      options: { load, storeTimeout: '10s', requestBudget: '10s' },
    });
    watchCrashes();

    /** Streams while the store is slow, and gives the answer once the source is done with. */
    async function stream(path: string, size: { total: number; chunk: number }): Promise<Answer> {
      const sources = test.app.get(Sources);
      Object.assign(sources, { size, pulled: 0 });
      const held = test.calls.hold('create');
      let answered = false;
      const answering = test
        .client()
        .get(path)
        .finally(() => (answered = true));
      await held.reached;
      // Meanwhile the source has had every opportunity to be read.
      await test.client().get('/nowhere');
      expect(answered).toBe(false);
      // Node's web streams read thousands of chunks ahead, whoever takes them.
      if (!path.includes('web')) expect(sources.pulled).toBeLessThanOrEqual(4 * 64 * 1024);
      held.release();
      const answer = await answering;
      await sources.done;
      expect(answer.status).toBe(200);
      expect(answer.cookies).toHaveLength(1);
      expect(test.calls.calls).toEqual(counts({ create: 1 }));
      return answer;
    }

    describe.each([
      ['large', SIZES.large],
      ['small', SIZES.small],
    ])('%s', (_size, size) => {
      it.each(STREAMS)(
        'B-17 %s arrives whole when the store is slow, and little of it waits in memory',
        async (path) => {
          const { text } = await stream(path, size);
          expect(text).toHaveLength(lengthOf(path, size));
        },
      );
    });

    it('B-17 twenty megabytes arrive whole when the store is slow', async () => {
      const { text } = await stream('/streams/way/pipe', SIZES.huge);
      expect(text).toHaveLength(SIZES.huge.total);
    });
  });
});
