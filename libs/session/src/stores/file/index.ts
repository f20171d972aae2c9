export { FileSessionStore, type FileSessionStoreOptions } from './file.store.js';
export type { FsyncLevel } from './directory.tree.js';
