/**
 * What every error of this library is.
 *
 * Those that a client may be answered with carry a `statusCode`, in the shape of the `http-errors` package, which
 * Nest's own exception filter, Express and Fastify all understand. Without one, the mistake is in the application.
 */
export abstract class SessionError extends Error {
  // Declared only: a class field would be an own property, and printed, where there is no status.
  declare readonly statusCode?: number;
  declare readonly status?: number;
  declare readonly expose?: boolean;

  constructor(message: string, options: { statusCode?: number; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    if (options.statusCode !== undefined) {
      this.statusCode = options.statusCode;
      this.status = options.statusCode;
      this.expose = true;
      // An outage or a lost race says nothing by its stack, and is logged once per request: one line is enough.
      if (options.cause === undefined) this.stack = `${this.name}: ${message}`;
    }
  }
}

/** A wrong option, a wrong store or a missing table, told at start-up: what is wrong, what is accepted, what mends it. */
export class SessionConfigError extends SessionError {}

/** `@Session()`, a guard or the service was used where no `SessionModule` of that name is imported. */
export class SessionModuleMissingError extends SessionError {}

/** A value that would not come back from the store as it went in. `path` leads to the offending part. */
export class UnserializableError extends SessionError {
  constructor(
    readonly path: string,
    readonly reason: string,
    options?: { cause?: unknown },
  ) {
    super(`${path} cannot be kept in a session: ${reason}.`, options);
  }
}

/** A field name that a store cannot hold: not a string, or with NUL or a lone surrogate in it. */
export class InvalidFieldNameError extends SessionError {}

/**
 * The session would grow beyond `maxSessionSize`, or beyond what a cookie can carry where the cookie keeps it. What was
 * stored before is intact. Sizes are in bytes.
 */
export class SessionTooLargeError extends SessionError {
  constructor(
    readonly size: number,
    readonly limit: number,
    allowedBy = 'maxSessionSize allows',
    mend = 'raise maxSessionSize',
  ) {
    super(
      `The session would be ${size} bytes, more than ${allowedBy} (${limit}). ` +
        `Keep large data in a table of your own and its key in the session, or ${mend}.`,
    );
  }
}

/** Why a session could not be written: it ended, another request changed its owner or token, or its token is retired. */
export type ConflictReason = 'gone' | 'changed' | 'retired' | 'revoked';

/**
 * 409: the session this request loaded ended or changed hands before the request could write to it. Nothing was
 * written, and no cookie is sent. The usual cause is a logout or a login in another tab.
 */
export class SessionConflictError extends SessionError {
  constructor(readonly reason: ConflictReason) {
    super('The session ended or changed hands while this request ran; nothing was saved. Load the page again.', {
      statusCode: 409,
    });
  }
}

/** The session was read after `destroy()`. Writing to it starts a new one. */
export class SessionDestroyedError extends SessionError {
  constructor() {
    super('The session was destroyed in this request and has no data to read. Setting a field starts a new session.');
  }
}

/** A write after the first byte of the answer, or over a socket, where there is none: it could set no cookie any more. */
export class SessionCommittedError extends SessionError {
  constructor() {
    super(
      'The session cannot be changed any more: the answer has begun, or there is none, as in a subscription of GraphQL. ' +
        'Write to it before the first byte is sent, or use session.update(), which saves at once where a store keeps ' +
        'the session.',
    );
  }
}

/**
 * What needs a new token was asked for where no response can carry one: in a message of a WebSocket, or in a GraphQL
 * subscription.
 */
export class SessionNoResponseError extends SessionError {
  constructor(what: string) {
    super(
      `${what} needs a new cookie, and here is no response that could carry it. Do it in an HTTP request, after which ` +
        'sockets connect anew.',
    );
  }
}

/** 503: the store failed, did not answer in time, or is being left alone after failing repeatedly. See `cause`. */
export class SessionStoreUnavailableError extends SessionError {
  constructor(message = 'The session store is not available. Try again shortly.', options?: { cause?: unknown }) {
    super(message, { statusCode: 503, ...options });
  }
}

/** 503: a call took longer than `storeTimeout`, or the request used up its `requestBudget`. The outcome is unknown. */
export class SessionStoreTimeoutError extends SessionStoreUnavailableError {
  constructor(
    readonly milliseconds: number,
    what = 'The session store did not answer',
  ) {
    super(`${what} within ${Math.round(milliseconds)} ms. Try again shortly.`);
  }
}

/** 503: the store has no room for one more session. Clients read the message; the `cause` says what mends it. */
export class SessionStoreFullError extends SessionStoreUnavailableError {
  constructor(message = 'The session store is full. Try again shortly.', options?: { cause?: unknown }) {
    super(message, options);
  }
}

/** The configured store cannot do what was asked, by its own declaration. */
export class UnsupportedBySessionStoreError extends SessionError {
  constructor(storeName: string, what: string) {
    super(`${storeName} cannot ${what}. Choose a store whose guarantees include it.`);
  }
}
