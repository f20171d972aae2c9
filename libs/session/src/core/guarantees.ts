import type { SessionStore, SessionStoreGuarantees } from './store.js';

/** What may happen without a guarantee. That a store cannot list is told by the error of who asks for a list. */
const OTHERWISE: Readonly<Partial<Record<keyof SessionStoreGuarantees, string>>> = {
  atomicUpdate: 'of two requests that write to a session at the same moment one may undo what the other wrote',
  oneLiveToken: 'a token that was replaced by a login or a regenerate may open its session still, or again',
  revocable: 'a session that was ended may be there still, or again',
};

/** Says as a process warning, code `NEST_SESSIONS_WEAK_STORE`, what a store does not guarantee by its own declaration. */
export function warnOfWeakness(store: SessionStore): void {
  const lacking = Object.entries(OTHERWISE).filter(
    ([name]) => store.guarantees[name as keyof SessionStoreGuarantees] === false,
  );
  if (lacking.length === 0) return;
  const told = lacking.map(([name, otherwise]) => `${otherwise} (${name})`).join('; ');
  process.emitWarning(
    `${store.constructor.name} does not guarantee what other session stores do: ${told}. Its documentation says when. ` +
      'If that is not acceptable, choose a store that does.',
    { type: 'SessionStoreWarning', code: 'NEST_SESSIONS_WEAK_STORE' },
  );
}
