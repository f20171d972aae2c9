import type { SessionRecord } from 'nest-sessions';
import type { TypeOrmSessionStore } from 'nest-sessions/typeorm';

export const NOW = Date.UTC(2026, 0, 1);
export const HOUR = 60 * 60_000;

export function recordOf(id: string, more: Partial<SessionRecord> = {}): SessionRecord {
  return {
    id,
    name: 'session',
    secretHash: 'hash',
    generation: 0,
    version: 0,
    fields: new Map([['cart', '[{"sku":"tea","count":2}]']]),
    meta: new Map([['idle', '1800000']]),
    userId: undefined,
    createdAt: NOW,
    authenticatedAt: undefined,
    expiresAt: NOW + HOUR,
    absoluteExpiresAt: NOW + 12 * HOUR,
    ...more,
  };
}

/** Every verb of a store, in an order in which they answer so: a name, the call, the answer. */
export function verbs(store: () => TypeOrmSessionStore): [string, () => Promise<unknown>, unknown][] {
  const rotate = {
    secretHash: 'new',
    generation: 1,
    userId: 'ada',
    authenticatedAt: NOW,
    expiresAt: NOW + HOUR,
    absoluteExpiresAt: NOW + 12 * HOUR,
  };
  return [
    ['create', () => store().create(recordOf('one', { userId: 'ada' })), true],
    ['create of an id that is taken', () => store().create(recordOf('one')), false],
    ['read', () => store().read('one', NOW), expect.objectContaining({ id: 'one' })],
    ['read of an unknown id', () => store().read('nobody', NOW), undefined],
    [
      'update of fields and meta under every expectation',
      () =>
        store().update(
          'one',
          {
            fields: new Map([
              ['colour', '"red"'],
              ['gone', null],
            ]),
            meta: new Map([
              ['label', 'Phone'],
              ['idle', null],
            ]),
            expiresAt: NOW + 2 * HOUR,
            expect: {
              generation: 0,
              secretHash: 'hash',
              version: 0,
              userId: 'ada',
              fields: new Map([
                ['cart', '[{"sku":"tea","count":2}]'],
                ['colour', null],
              ]),
            },
          },
          NOW,
        ),
      'ok',
    ],
    ['update that is refused', () => store().update('one', { expect: { generation: 7 } }, NOW), 'conflict'],
    ['update that rotates', () => store().update('one', { rotate, expect: { generation: 0 } }, NOW), 'ok'],
    ['touch', () => store().touch('one', NOW + 3 * HOUR, NOW, { generation: 1 }), 'ok'],
    ['touch that extends nothing', () => store().touch('one', NOW, NOW, { generation: 1 }), 'ok'],
    ['listByUser', () => store().listByUser('ada', NOW), [expect.objectContaining({ id: 'one' })]],
    ['raiseEpoch', () => store().raiseEpoch('ada', NOW), undefined],
    ['epoch', () => store().epoch('ada'), NOW],
    ["delete of another user's", () => store().delete('one', { userId: 'bob' }), false],
    ['delete', () => store().delete('one', { userId: 'ada' }), true],
  ];
}
