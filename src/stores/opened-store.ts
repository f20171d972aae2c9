import type { ModuleMetadata } from '@nestjs/common';
import type { SessionStoreSource } from 'nest-sessions';

/** A store that is ready, and what the shop has to know of it. */
export interface OpenedStore<Store = SessionStoreSource> {
  readonly store: Store;
  /** What the store needs in the application. */
  readonly imports: ModuleMetadata['imports'];
  /** Where the sessions are, for people. */
  readonly where: string;
  close(): Promise<void>;
}

export const nothingToClose = async (): Promise<void> => {};

/** An address for people to read. */
export function withoutPassword(text: string): string {
  const url = new URL(text);
  url.password = '';
  url.search = '';
  return url.href;
}
