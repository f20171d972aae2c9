export type { SessionStorePart } from './contract/theme.js';
export { type Fault, FaultySessionStore, type Verb } from './faulty.store.js';
export { ManualClock } from './manual-clock.js';
export {
  type ContractOptions,
  type ContractRunner,
  type ContractSubject,
  describeSessionStore,
} from './store.contract.js';
