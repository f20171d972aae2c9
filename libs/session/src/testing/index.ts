export { type Fault, FaultySessionStore, type Verb } from './faulty.store.js';
export { ManualClock } from './manual-clock.js';
