import type { SessionStore, SessionStoreGuarantees } from 'nest-sessions';

/**
 * The same store, with more guarantees than it gives in general: the contract then tests those too, for the case that
 * they do hold in.
 */
export function claiming(store: SessionStore, more: Partial<SessionStoreGuarantees>): SessionStore {
  const guarantees = { ...store.guarantees, ...more };
  return new Proxy(store, {
    get(target, name) {
      if (name === 'guarantees') return guarantees;
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' && name !== 'constructor' ? value.bind(target) : value;
    },
  });
}
