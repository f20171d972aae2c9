import { SessionError } from '../core/errors.js';

/**
 * The error as Nest tells it to the client of a socket, in a frame `exception`: of everything but a `WsException` it says
 * 'Internal server error', and logs it. Ours are meant for clients if they carry a status.
 */
export async function asWsException(error: unknown): Promise<unknown> {
  return error instanceof SessionError && error.statusCode !== undefined ? wsException(error.message, error) : error;
}

/** `fallback`: for where no `WsException` is to be had. */
export async function wsException(message: string, fallback: Error): Promise<Error> {
  try {
    // Whoever has gateways has this package; everybody else needs none.
    const { WsException } = await import('@nestjs/websockets');
    return new WsException(message);
  } catch {
    return fallback;
  }
}
