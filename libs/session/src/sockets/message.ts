import { AsyncLocalStorage } from 'node:async_hooks';
import type { SocketConnection } from './connection.js';
import type { MessageScope, ScopeBinding } from './scope.js';

/** A message of a socket while its handler is at work. */
export interface SocketMessage {
  readonly connection: SocketConnection;
  readonly scope: MessageScope;
  /** The session of that name in the application of the socket. */
  find(name: string): ScopeBinding | undefined;
  /** The handler is done. */
  isAnswered: boolean;
  /** Its answer is the last thing that the client is told. */
  endsConnection: boolean;
}

const messages = new AsyncLocalStorage<SocketMessage>();

/** Runs `work` so that everything it calls or awaits finds the message. */
export function runInMessage<T>(message: SocketMessage, work: () => T): T {
  return messages.run(message, work);
}

export function currentMessage(): SocketMessage | undefined {
  return messages.getStore();
}
