import { MemorySessionStore } from 'nest-sessions';
import { nothingToClose, type OpenedStore } from './opened-store.js';

export async function openMemory(): Promise<OpenedStore> {
  return {
    store: new MemorySessionStore(),
    imports: [],
    where: 'memory: gone when this ends',
    close: nothingToClose,
  };
}
