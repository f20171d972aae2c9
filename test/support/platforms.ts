import type { ServerResponse } from 'node:http';
import type { INestApplication } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { TestingModule } from '@nestjs/testing';
import type { Response } from 'express';
import type { FastifyReply } from 'fastify';

export const PLATFORMS = ['express', 'fastify'] as const;
export type Platform = (typeof PLATFORMS)[number];

export interface PlatformSettings {
  /** The framework below Nest. @default 'express' */
  platform?: Platform;
  /** Whether forwarded headers are believed. */
  trustProxy?: boolean;
}

/** An application of that framework; its log is nobody's business. */
export function createApp(module: TestingModule, { platform, trustProxy }: PlatformSettings): INestApplication {
  const options = { logger: false } as const;
  if (platform === 'fastify') {
    // A connection that is not idle at the moment of closing would be waited for as long as Fastify keeps it alive, 72 s.
    const adapter = new FastifyAdapter({ trustProxy, forceCloseConnections: true });
    return module.createNestApplication(adapter, options);
  }
  const app = module.createNestApplication<NestExpressApplication>(options);
  if (trustProxy) app.set('trust proxy', 1);
  return app;
}

/** What `@Res()` gives, on one or the other. */
export type AnyReply = Response | FastifyReply;

/** Node's own response, to answer by hand: Fastify is told that it has nothing more to do. */
export function rawOf(reply: AnyReply): ServerResponse {
  return isExpress(reply) ? reply : reply.hijack().raw;
}

export function isExpress(reply: AnyReply): reply is Response {
  return !('raw' in reply);
}
