export { encrypted } from './encrypted.store.js';
export { migrating } from './migrating.store.js';
export { tiered, type TieredOptions } from './tiered.store.js';
