import { ServerResponse } from 'node:http';

// Where Node's responses of HTTP/1 and HTTP/2 are not used in the same way.

function isHttp2(response: ServerResponse): boolean {
  return !(response instanceof ServerResponse) && 'stream' in response;
}

/** HTTP/2 has no status messages, and Node warns of whoever looks at one. */
export function statusMessageOf(response: ServerResponse): string {
  return isHttp2(response) ? '' : response.statusMessage;
}

export function setStatusMessage(response: ServerResponse, message: string): void {
  if (!isHttp2(response)) response.statusMessage = message;
}

/** On HTTP/1 a property of the response says that it has ended, on HTTP/2 its prototype, which asks the holder. */
export function markEnded(response: ServerResponse, ended: boolean): void {
  if (!isHttp2(response)) (response as { finished: boolean }).finished = ended;
}
