export type { FileSessionStoreOptions, FsyncLevel } from './file.options.js';
export { FileSessionStore } from './file.store.js';
