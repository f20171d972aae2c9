import { jest } from '@jest/globals';
import type { SessionStore, SessionStoreGuarantees } from './store.js';
import { warnOfWeakness } from './guarantees.js';

const ALL = { atomicUpdate: true, oneLiveToken: true, revocable: true, listable: true };

class SomeStore {
  constructor(readonly guarantees: SessionStoreGuarantees) {}
}

function warnedOf(lacking: Partial<SessionStoreGuarantees>): string[] {
  const spy = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
  warnOfWeakness(new SomeStore({ ...ALL, ...lacking }) as unknown as SessionStore);
  const warnings = spy.mock.calls.map(([text]) => String(text));
  spy.mockRestore();
  return warnings;
}

describe('a store that does not guarantee everything', () => {
  it.each([
    ['atomicUpdate', 'write to a session at the same moment'],
    ['oneLiveToken', 'a token that was replaced'],
    ['revocable', 'a session that was ended'],
  ])('is told of at start-up, by name: %s', (guarantee, otherwise) => {
    const [warning, ...more] = warnedOf({ [guarantee]: false });
    expect(warning).toContain('SomeStore does not guarantee');
    expect(warning).toContain(otherwise);
    expect(warning).toContain(`(${guarantee})`);
    expect(warning!.match(/\(\w+\)/g)).toHaveLength(1);
    expect(more).toEqual([]);
  });

  it('is told of once, whatever is lacking', () => {
    const [warning, ...more] = warnedOf({ atomicUpdate: false, oneLiveToken: false, revocable: false });
    expect(warning!.match(/\(\w+\)/g)).toEqual(['(atomicUpdate)', '(oneLiveToken)', '(revocable)']);
    expect(more).toEqual([]);
  });

  it('is not told of where nothing is lacking, or only a list', () => {
    expect(warnedOf({})).toEqual([]);
    expect(warnedOf({ listable: false })).toEqual([]);
  });
});
