import { STATUS_CODES } from 'node:http';
import { SessionError, SessionStoreUnavailableError } from '../core/errors.js';

/** What the client is told when a commit fails at the first byte: no more than the status and our own words. */
export interface Failure {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Seconds after which a client may try again. */
export const RETRY_AFTER = '1';

export function failureOf(error: unknown): Failure {
  const status = (error instanceof SessionError && error.statusCode) || 500;
  // Without a status of its own the mistake is the application's, and its details are none of the client's business.
  const message = status === 500 ? 'Internal server error' : (error as SessionError).message;
  return {
    status,
    headers: {
      'Content-Type': 'application/json; charset=utf-8',
      // Also a word to compression, which would announce what it is not given to do.
      'Cache-Control': 'no-store, no-transform',
      ...(error instanceof SessionStoreUnavailableError && { 'Retry-After': RETRY_AFTER }),
    },
    body: JSON.stringify({ statusCode: status, error: STATUS_CODES[status], message }),
  };
}
