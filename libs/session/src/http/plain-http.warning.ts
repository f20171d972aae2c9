import type { IncomingMessage } from 'node:http';
import type { SessionBinding } from './binding.js';
import { isLoopback, isSecure } from './headers.js';

/** A browser drops a secure cookie that comes over plain http, and nobody would know why nobody stays logged in. */
export function warnOfPlainHttp(binding: SessionBinding, request: IncomingMessage): void {
  if (!binding.secure || isSecure(request) || isLoopback(request)) return;
  binding.warn(
    'A secure session cookie is being sent over what looks like plain http, where browsers drop it. Behind a proxy ' +
      "that speaks https, tell the framework to trust it: app.set('trust proxy', 1) on Express, trustProxy on " +
      'Fastify. Without https, set cookie: { secure: false } for development only.',
  );
}
