import { types } from 'node:util';

// What Node tells a caller at once, it would tell nobody once the call is queued. So these are checked when the call is
// made, with Node's own codes.

/** `writeHead` and the header methods, after the answer has begun. */
export function headersSent(action: string): Error {
  return withCode(new Error(`Cannot ${action} headers after they are sent to the client`), 'ERR_HTTP_HEADERS_SENT');
}

export function checkStatus(status: unknown): number {
  const code = Number(status) | 0;
  if (code >= 100 && code <= 999) return code;
  throw withCode(new RangeError(`Invalid status code: ${String(status)}`), 'ERR_HTTP_INVALID_STATUS_CODE');
}

/** The first argument of `write`, and of `end` if there is one. */
export function checkChunk(chunk: unknown): void {
  if (chunk === null) throw withCode(new TypeError('May not write null values to stream'), 'ERR_STREAM_NULL_VALUES');
  if (typeof chunk === 'string' || types.isUint8Array(chunk)) return;
  const message = `The "chunk" argument must be of type string or an instance of Buffer or Uint8Array, not ${typeof chunk}.`;
  throw withCode(new TypeError(message), 'ERR_INVALID_ARG_TYPE');
}

function withCode<T extends Error>(error: T, code: string): T {
  return Object.assign(error, { code });
}
