import type { OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { checkStatus } from './caller-mistakes.js';
import { replyTo } from './frameworks.js';

/** All headers that were said so far, through the framework or past it. */
export function headersOf(response: ServerResponse): OutgoingHttpHeaders {
  return (replyTo(response.req) ?? response).getHeaders();
}

/** Takes back all headers but these. */
export function restoreHeaders(response: ServerResponse, before: OutgoingHttpHeaders): void {
  const said = replyTo(response.req) ?? response;
  for (const name of Object.keys(said.getHeaders())) said.removeHeader(name);
  for (const [name, value] of Object.entries(before)) if (value !== undefined) response.setHeader(name, value);
}

/** Applies the arguments of `writeHead` one by one, so that our cookie can join the ones in there. What is left of them. */
export function applyHead(response: ServerResponse, [status, ...rest]: readonly unknown[]): readonly unknown[] {
  response.statusCode = checkStatus(status);
  const message = typeof rest[0] === 'string' ? rest.shift() : undefined;
  if (typeof message === 'string') response.statusMessage = message;
  const [headers] = rest as [OutgoingHttpHeaders | OutgoingHttpHeader[] | undefined];
  if (Array.isArray(headers)) applyHeaderList(response, headers);
  else
    for (const name of Object.keys(headers ?? {})) {
      const value = headers?.[name];
      if (value !== undefined) response.setHeader(name, value);
    }
  return message === undefined ? [status] : [status, message];
}

/** Names and values in turn, or pairs; a name given here replaces what was set before, and may come more than once. */
function applyHeaderList(response: ServerResponse, list: readonly unknown[]): void {
  const flat = list.every(Array.isArray) ? list.flat() : list;
  const entries = flat.flatMap((name, index) => (index % 2 === 0 ? [[name, flat[index + 1]] as [string, string]] : []));
  for (const [name] of entries) response.removeHeader(name);
  for (const [name, value] of entries) response.appendHeader(name, value);
}
