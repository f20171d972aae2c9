import { SessionConfigError, SessionStoreFullError } from '../../core/errors.js';

/** The word that Redis begins an error with. Before version 7 that of a script comes after "ERR Error running script". */
const CODE = /^(?:ERR Error running script.*?: ?-?)?([A-Z]{2,})\b/;

/** `OOM`, `READONLY` and the like, or '' for an error that does not come from Redis. */
export function codeOf(error: unknown): string {
  const message = messageOf(error);
  // What is NOPERM outside of a script has no code of its own inside.
  if (message.includes("The user executing the script can't")) return 'NOPERM';
  return CODE.exec(message)?.[1] ?? '';
}

/** What a driver says, without the full stop. An error that stands for several, one for each address of a host, has a code at most. */
export function messageOf(error: unknown): string {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  return String(message || code || error).replace(/\.$/, '');
}

/** What the store rejects with when a script failed: the driver's error, or one that says more. */
export function failureOf(error: unknown, prefix: string): unknown {
  // ioredis and iovalkey hang the command on its error, arguments included: here those are people's sessions.
  if (error instanceof Error && 'command' in error) delete error.command;
  switch (codeOf(error)) {
    case 'OOM':
      // Clients may read this one. The cause says that it is Redis, and that it is about maxmemory.
      return new SessionStoreFullError('The session store is out of memory. Try again shortly.', { cause: error });
    case 'WRONGTYPE':
      return new SessionConfigError(
        `A key that begins with '${prefix}' holds something else than a session: another program writes there. Give ` +
          "RedisSessionStore a prefix of its own, new RedisSessionStore(client, { prefix: 'my-app:' }), or a database.",
        { cause: error },
      );
    default:
      return error;
  }
}
