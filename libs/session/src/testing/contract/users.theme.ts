import assert from 'node:assert/strict';
import type { SessionRecord } from '../../core/record.js';
import { isUserIndex, type SessionStore, type UserIndex } from '../../core/store.js';
import {
  assertSame,
  assertStored,
  atOnce,
  HOUR,
  MINUTE,
  newRotation,
  newStored,
  newUser,
  SECOND,
  type Theme,
} from './theme.js';

/** Parts of user ids that an index could stumble over; each is put after a fresh id. */
const USER_IDS: Readonly<Record<string, string>> = {
  quotes: `o'neill "x" \`y\``,
  backslashes: '\\a\\',
  accents: 'Grüße Ελλάδα 日本語',
  emoji: '👩‍👩‍👧‍👦',
  '200 characters': 'u'.repeat(200 - 29),
  blanks: ' a b ',
  'a line break': '\r\n',
  wildcards: '%_*?[a-z]',
  'an e-mail address': '@example.com',
  'a URL': 'https://example.com/users?id=1&x={y}',
  ['__proto__']: '__proto__',
};

/** User ids that some engine might take for one another. */
const TWINS: readonly (readonly [string, string, string])[] = [
  ['case', 'alice', 'ALICE'],
  ['a blank at the end', 'alice', 'alice '],
  ['an accent', 'resume', 'résumé'],
  ['composition', 'caf\u00e9', 'cafe\u0301'],
  ['what follows a colon', 'alice', 'alice:1'],
];

function indexOf(store: SessionStore): UserIndex {
  assert.ok(isUserIndex(store));
  return store;
}

async function assertListed(
  store: SessionStore,
  userId: string,
  expected: readonly SessionRecord[],
  now = Date.now(),
): Promise<void> {
  const listed = await indexOf(store).listByUser(userId, now);
  assert.deepEqual(idsOf(listed), idsOf(expected));
  for (const record of expected)
    assertSame(
      listed.find(({ id }) => id === record.id)!,
      record,
    );
}

function idsOf(records: readonly SessionRecord[]): string[] {
  return records.map(({ id }) => id).sort();
}

async function rotateTo(
  store: SessionStore,
  record: SessionRecord,
  userId: string | undefined,
): Promise<SessionRecord> {
  const { createdAt: now, generation, id, version } = record;
  const rotate = newRotation(record, { userId, authenticatedAt: userId === undefined ? undefined : now });
  assert.equal(await store.update(id, { rotate, expect: { generation } }, now), 'ok');
  return { ...record, ...rotate, version: version + 1 };
}

function userIdTest(tail: string): (store: SessionStore) => Promise<void> {
  return async (store) => {
    const userId = newUser() + tail;
    const first = await newStored(store, { userId });
    const second = await rotateTo(store, await newStored(store), userId);
    await assertListed(store, userId, [first, second]);
    assert.equal(await store.delete(first.id, { userId }), true);
    await assertListed(store, userId, [second]);
    await indexOf(store).raiseEpoch(userId, first.createdAt);
    assert.equal(await indexOf(store).epoch(userId), first.createdAt);
  };
}

function twinTest(one: string, two: string): (store: SessionStore) => Promise<void> {
  return async (store) => {
    const prefix = newUser();
    const first = await newStored(store, { userId: prefix + one });
    const second = await newStored(store, { userId: prefix + two });
    await assertListed(store, prefix + one, [first]);
    await assertListed(store, prefix + two, [second]);
    await indexOf(store).raiseEpoch(prefix + one, first.createdAt);
    assert.equal(await indexOf(store).epoch(prefix + two), 0);
  };
}

/** `UserIndex`. */
export const users: readonly Theme[] = [
  {
    title: 'sessions of a user',
    needs: ['listable'],
    tests: {
      'I22 lists the sessions of that user, whole, and of nobody else': async (store) => {
        const userId = newUser();
        const fields = new Map([['a', '1']]);
        const own = [await newStored(store, { userId, fields }), await newStored(store, { userId, name: 'admin' })];
        await newStored(store, { userId: newUser() });
        await newStored(store);
        await assertListed(store, userId, own);
      },

      'a user without sessions has an empty list': async (store) => {
        assert.deepEqual(await indexOf(store).listByUser(newUser(), Date.now()), []);
      },

      'C-33 I22 lists no session that has expired, swept or not': async (store) => {
        const userId = newUser();
        const short = await newStored(store, { userId });
        const long = await newStored(store, { userId, expiresAt: short.expiresAt + HOUR });
        await assertListed(store, userId, [short, long], short.expiresAt - 1);
        await assertListed(store, userId, [long], short.expiresAt);
        await assertListed(store, userId, [], long.expiresAt);
      },

      'lists a session for as long as it was extended': async (store) => {
        const userId = newUser();
        const record = await newStored(store, { userId });
        const { absoluteExpiresAt: expiresAt, createdAt: now, id } = record;
        assert.equal(await store.touch(id, expiresAt, now, {}), 'ok');
        await assertListed(store, userId, [{ ...record, expiresAt }], expiresAt - 1);
        await assertListed(store, userId, [], expiresAt);
      },

      'lists a session from its login on': async (store) => {
        const userId = newUser();
        const anonymous = await newStored(store, { fields: new Map([['a', '1']]) });
        await assertListed(store, userId, []);
        await assertListed(store, userId, [await rotateTo(store, anonymous, userId)]);
      },

      'lists a session that logs in with a later absolute end up to that end': async (store) => {
        const userId = newUser();
        const record = await newStored(store);
        const expiresAt = record.absoluteExpiresAt + HOUR;
        const rotate = newRotation(record, { userId, expiresAt, absoluteExpiresAt: expiresAt });
        assert.equal(await store.update(record.id, { rotate, expect: {} }, record.createdAt), 'ok');
        await assertListed(store, userId, [{ ...record, ...rotate, version: 1 }], expiresAt - 1);
      },

      'B-37 a session that changes its user changes lists': async (store) => {
        const [before, after] = [newUser(), newUser()];
        const record = await newStored(store, { userId: before });
        const moved = await rotateTo(store, record, after);
        await assertListed(store, before, []);
        await assertListed(store, after, [moved]);
      },

      'a session that loses its user leaves the list': async (store) => {
        const userId = newUser();
        await rotateTo(store, await newStored(store, { userId }), undefined);
        await assertListed(store, userId, []);
      },

      'a session that is regenerated stays on the list once': async (store) => {
        const userId = newUser();
        const record = await newStored(store, { userId });
        await assertListed(store, userId, [await rotateTo(store, record, userId)]);
      },

      'a rotation that was refused moves nothing': async (store) => {
        const [userId, other] = [newUser(), newUser()];
        const record = await newStored(store, { userId });
        const rotate = newRotation(record, { userId: other });
        assert.equal(
          await store.update(record.id, { rotate, expect: { generation: 9 } }, record.createdAt),
          'conflict',
        );
        await assertListed(store, userId, [record]);
        await assertListed(store, other, []);
      },

      'a create that was refused lists nothing': async (store) => {
        const [userId, other] = [newUser(), newUser()];
        const record = await newStored(store, { userId });
        assert.equal(await store.create({ ...record, userId: other }), false);
        await assertListed(store, userId, [record]);
        await assertListed(store, other, []);
      },

      'I22 a deleted session leaves the list': async (store) => {
        const userId = newUser();
        const [one, two] = [await newStored(store, { userId }), await newStored(store, { userId })];
        assert.equal(await store.delete(one.id), true);
        await assertListed(store, userId, [two]);
        assert.equal(await store.delete(two.id), true);
        await assertListed(store, userId, []);
      },

      'I22 lists all of 100 sessions that were created at once': async (store) => {
        const userId = newUser();
        const records = await atOnce(100, () => newStored(store, { userId }));
        await assertListed(store, userId, records);
      },

      'B-56 changing what was listed changes nothing stored': async (store) => {
        const userId = newUser();
        const record = await newStored(store, { userId, fields: new Map([['a', '1']]) });
        const [listed] = await indexOf(store).listByUser(userId, record.createdAt);
        (listed!.fields as Map<string, string>).clear();
        await assertStored(store, record);
      },

      ...Object.fromEntries(
        Object.entries(USER_IDS).map(([what, tail]) => [`R-2 a user's id may have ${what} in it`, userIdTest(tail)]),
      ),
      ...Object.fromEntries(
        TWINS.map(([what, one, two]) => [`I14 users whose ids differ by ${what} are two users`, twinTest(one, two)]),
      ),
    },
  },
  {
    title: 'sessions of a user, many at once',
    needs: ['listable', 'atomicUpdate'],
    tests: {
      'I22 lists all of 20 sessions that log in at once': async (store) => {
        const userId = newUser();
        const anonymous = await atOnce(20, () => newStored(store));
        await assertListed(store, userId, await Promise.all(anonymous.map((one) => rotateTo(store, one, userId))));
      },

      'I22 of sessions that come, go and log in at once exactly those that stay are listed': async (store) => {
        const userId = newUser();
        const leaving = await atOnce(10, () => newStored(store, { userId }));
        const anonymous = await atOnce(5, () => newStored(store));
        const [coming, loggedIn] = await Promise.all([
          atOnce(10, () => newStored(store, { userId })),
          Promise.all(anonymous.map((one) => rotateTo(store, one, userId))),
          Promise.all(leaving.map(({ id }) => store.delete(id))),
        ]);
        await assertListed(store, userId, [...coming, ...loggedIn]);
      },

      'B-37 I22 of rotations to 20 users one happens, and only its user has the session': async (store) => {
        const users = Array.from({ length: 20 }, newUser);
        const record = await newStored(store, { userId: newUser() });
        const { createdAt: now, generation, id } = record;
        const rotations = users.map((userId) => newRotation(record, { userId }));
        const results = await Promise.all(
          rotations.map((rotate) => store.update(id, { rotate, expect: { generation } }, now)),
        );
        const winner = results.indexOf('ok');
        for (const [index, userId] of users.entries()) {
          await assertListed(store, userId, index === winner ? [{ ...record, ...rotations[index]!, version: 1 }] : []);
        }
        await assertListed(store, record.userId!, []);
      },
    },
  },
  {
    title: 'epoch of a user',
    needs: ['listable'],
    tests: {
      'B-42 is 0 until it is raised': async (store) => {
        assert.equal(await indexOf(store).epoch(newUser()), 0);
      },

      'B-42 is what it was raised to, to the millisecond': async (store) => {
        const [userId, now] = [newUser(), Date.now()];
        await indexOf(store).raiseEpoch(userId, now);
        assert.equal(await indexOf(store).epoch(userId), now);
        await indexOf(store).raiseEpoch(userId, now + 1);
        assert.equal(await indexOf(store).epoch(userId), now + 1);
      },

      'B-42 never goes back': async (store) => {
        const [userId, now] = [newUser(), Date.now()];
        await indexOf(store).raiseEpoch(userId, now);
        await indexOf(store).raiseEpoch(userId, now - 5 * SECOND);
        assert.equal(await indexOf(store).epoch(userId), now);
      },

      'B-42 is each user’s own': async (store) => {
        const [one, two] = [newUser(), newUser()];
        const now = Date.now();
        await indexOf(store).raiseEpoch(one, now);
        assert.equal(await indexOf(store).epoch(two), 0);
        await indexOf(store).raiseEpoch(two, now - SECOND);
        assert.equal(await indexOf(store).epoch(one), now);
        assert.equal(await indexOf(store).epoch(two), now - SECOND);
      },

      'B-42 is for users without sessions too, and touches no session': async (store) => {
        const userId = newUser();
        const record = await newStored(store, { userId });
        await indexOf(store).raiseEpoch(userId, record.createdAt + MINUTE);
        await assertListed(store, userId, [record]);
      },

      'B-42 of 20 raises at once the latest counts': async (store) => {
        const [userId, now] = [newUser(), Date.now()];
        await atOnce(20, (index) => indexOf(store).raiseEpoch(userId, now + ((index * 7) % 20)));
        assert.equal(await indexOf(store).epoch(userId), now + 19);
      },
    },
  },
];
