export type { ExpressStore } from './express.client.js';
export { ExpressSessionStore } from './express.store.js';
