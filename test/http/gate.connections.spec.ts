import { Controller, Get, Param, Post, Req, Res } from '@nestjs/common';
import type { Request } from 'express';
import { Session } from 'nest-sessions';
import { Barrier } from '../support/barrier.js';
import { watchCrashes } from '../support/crashes.js';
import { type AnyReply, rawOf } from '../support/platforms.js';
import { exchange, RawConnection, type RawRequest, valuesOf } from '../support/raw.js';
import { GROUNDS } from '../support/stores.js';
import { counts, LOADS, nextEvent, useApp } from '../support/use-app.js';
import { AnswersController, MARKING, prepareAnswers } from './answers.js';

interface Data {
  owner: string;
}

/** Holds the handlers of slow requests. */
let handler = new Barrier();

@Controller()
class OwnersController {
  @Post('own/:owner')
  own(@Session() session: Session<Data>, @Param('owner') owner: string) {
    session.set('owner', owner);
  }

  @Get('owner')
  owner(@Session('owner') owner: string | undefined) {
    return owner ?? 'nobody';
  }

  @Get('give/:owner')
  give(@Session() session: Session<Data>, @Param('owner') owner: string, @Res() reply: AnyReply) {
    const response = rawOf(reply);
    const before = session.get('owner') ?? 'nobody';
    session.set('owner', owner);
    response.write(`from ${before} `);
    response.end(`to ${owner}`);
  }

  @Get('wait')
  async wait(@Session() session: Session<Data>, @Req() request: Request, @Res() reply: AnyReply) {
    session.set('owner', String(request.query['owner']));
    await handler.pass();
    const response = rawOf(reply);
    if (request.query['how'] === 'parts') response.write('a');
    response.end('b');
  }
}

const OWNERS = ['ada', 'grace', 'edsger', 'barbara'];

describe.each(Object.entries(GROUNDS))('connections and the gate on %s', (_name, open) => {
  describe.each(LOADS)('%s', (load) => {
    const test = useApp(open, {
      controllers: [OwnersController, AnswersController],
      providers: [MARKING],
      options: { load },
      prepare: prepareAnswers,
    });
    watchCrashes();

    /** The cookie of a session that belongs to somebody. */
    async function cookieOf(owner: string): Promise<string> {
      const answer = await exchange(test.port, { method: 'POST', path: `/own/${owner}` });
      return valuesOf(answer, 'set-cookie')[0]!.split(';')[0]!;
    }

    async function ownerOf(cookie: string): Promise<string> {
      return (await exchange(test.port, { path: '/owner', headers: { Cookie: cookie } })).text;
    }

    it('B-17 requests one after the other on one connection each have their own session', async () => {
      const connection = await RawConnection.open(test.port);
      for (const owner of OWNERS) {
        const cookie = await cookieOf(owner);
        connection.send({ path: `/give/${owner}-2`, headers: { Cookie: cookie } });
        expect((await connection.answer()).text).toBe(`from ${owner} to ${owner}-2`);
        connection.send({ path: '/owner' });
        expect((await connection.answer()).text).toBe('nobody');
        connection.send({ path: '/owner', headers: { Cookie: cookie } });
        expect((await connection.answer()).text).toBe(`${owner}-2`);
      }
      connection.destroy();
    });

    it('B-17 I14 four pipelined requests each have their own session, answered in order', async () => {
      const cookies = await Promise.all(OWNERS.map(cookieOf));
      test.calls.reset();
      const connection = await RawConnection.open(test.port);
      const requests = OWNERS.map((owner, index): RawRequest => ({
        path: `/give/${owner}-2`,
        headers: { Cookie: cookies[index]! },
      }));
      connection.send(...requests);
      for (const owner of OWNERS) expect((await connection.answer()).text).toBe(`from ${owner} to ${owner}-2`);
      expect(connection.received).toBe(0);
      connection.destroy();
      expect(test.calls.calls).toEqual(counts({ read: 4, update: 4 }));
      expect(await Promise.all(cookies.map(ownerOf))).toEqual(OWNERS.map((owner) => `${owner}-2`));
    });

    it('B-17 I14 pipelined requests whose saves end in another order are still answered in theirs', async () => {
      const cookies = await Promise.all(OWNERS.map(cookieOf));
      const releases: (() => void)[] = [];
      let everybody = (): void => {};
      const arrived = new Promise<void>((resolve) => (everybody = resolve));
      test.calls.fault = (verb) => {
        if (verb !== 'update') return undefined;
        return new Promise<void>((resolve) => {
          if (releases.push(resolve) === OWNERS.length) everybody();
        });
      };
      const connection = await RawConnection.open(test.port);
      connection.send(
        ...OWNERS.map((owner, index): RawRequest => ({
          path: `/give/${owner}-2`,
          headers: { Cookie: cookies[index]! },
        })),
      );
      await arrived;
      for (const release of releases.toReversed()) {
        release();
        await exchange(test.port, { path: '/nowhere' });
      }
      for (const owner of OWNERS) expect((await connection.answer()).text).toBe(`from ${owner} to ${owner}-2`);
      connection.destroy();
    });

    it('B-17 four new sessions pipelined: four cookies, each with its own', async () => {
      const connection = await RawConnection.open(test.port);
      connection.send(...OWNERS.map((owner): RawRequest => ({ path: `/give/${owner}` })));
      for (const owner of OWNERS) {
        const answer = await connection.answer();
        expect(answer.text).toBe(`from nobody to ${owner}`);
        expect(await ownerOf(valuesOf(answer, 'set-cookie')[0]!.split(';')[0]!)).toBe(owner);
      }
      connection.destroy();
    });

    it.each(['once', 'parts'])('B-25 a client that leaves before the first byte (%s): saved once', async (how) => {
      const cookie = await cookieOf('ada');
      test.calls.reset();
      handler = new Barrier();
      const connection = await RawConnection.open(test.port);
      const held = test.calls.hold('update');
      connection.send({ path: `/wait?owner=grace&how=${how}`, headers: { Cookie: cookie } });
      await handler.arrived(1);
      connection.destroy();
      await held.reached;
      handler.open();
      const settled = nextEvent(test, 'saved');
      held.release();
      await settled;
      expect(await ownerOf(cookie)).toBe('grace');
      expect(test.calls.calls.update).toBe(1);
    });

    it.each(['once', 'parts'])(
      'B-25 a client that leaves while the first byte is held (%s): saved once',
      async (how) => {
        const cookie = await cookieOf('ada');
        test.calls.reset();
        handler = new Barrier();
        handler.open();
        const connection = await RawConnection.open(test.port);
        const held = test.calls.hold('update');
        connection.send({ path: `/wait?owner=grace&how=${how}`, headers: { Cookie: cookie } });
        await held.reached;
        connection.destroy();
        await exchange(test.port, { path: '/nowhere' });
        const settled = nextEvent(test, 'saved');
        held.release();
        await settled;
        expect(await ownerOf(cookie)).toBe('grace');
        expect(test.calls.calls.update).toBe(1);
      },
    );

    it.each(['/file', '/generator', '/piped', '/events', '/parts', '/flushed', '/send-file', '/object', '/redirect'])(
      'B-25 a client that leaves while the first byte of %s is held: saved once, no crash',
      async (path) => {
        const connection = await RawConnection.open(test.port);
        const held = test.calls.hold('create');
        connection.send({ path });
        await held.reached;
        connection.destroy();
        await exchange(test.port, { path: '/nowhere' });
        const settled = nextEvent(test, 'created');
        held.release();
        await settled;
        expect(test.calls.calls).toEqual(counts({ create: 1 }));
      },
    );

    it('B-17 a client that speaks HTTP/1.0 is served', async () => {
      const connection = await RawConnection.open(test.port);
      connection.socket.write('GET /parts HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n');
      const answer = await connection.answer();
      connection.destroy();
      expect(answer.text).toBe('onetwothree');
      expect(valuesOf(answer, 'set-cookie')).toHaveLength(1);
    });
  });
});
