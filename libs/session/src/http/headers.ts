import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { replyTo } from './frameworks.js';

/** The framework's own word, which heeds its proxy settings; forwarded headers are never read here (CVE-2023-28708). */
export function isSecure(request: IncomingMessage): boolean {
  const { protocol } = (replyTo(request)?.request ?? request) as { protocol?: string };
  return protocol === undefined ? (request.socket as TLSSocket).encrypted : protocol === 'https';
}

/** Browsers keep secure cookies from the machine they run on. */
export function isLoopback({ headers }: IncomingMessage): boolean {
  const host = headers.host ?? headers[':authority'];
  return /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/.test(String(host));
}

/** Adds to what `Vary` says already. */
export function addVary(response: ServerResponse, header: string): void {
  const vary = response.getHeader('vary');
  if (vary === undefined) return void response.setHeader('Vary', header);
  const present = [vary].flat().join(', ');
  const names = present.toLowerCase().split(/\s*,\s*/);
  if (names.includes('*') || names.includes(header.toLowerCase())) return;
  response.setHeader('Vary', `${present}, ${header}`);
}
