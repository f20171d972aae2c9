import { ApolloDriver } from '@nestjs/apollo';
import type { DynamicModule } from '@nestjs/common';
import { GraphQLModule } from '@nestjs/graphql';
import { MercuriusDriver } from '@nestjs/mercurius';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import type { TestApp } from './app.js';
import type { Answer, Client } from './client.js';
import type { Platform } from './platforms.js';
import { type Ground, STORES } from './stores.js';

export interface Driver {
  readonly platform: Platform;
  /** GraphQL over HTTP, in batches too, and over sockets. */
  module(options?: { context?: unknown; fieldResolverEnhancers?: string[] }): DynamicModule;
}

function apollo(platform: Platform): Driver {
  return {
    platform,
    module: (options) =>
      GraphQLModule.forRoot({
        driver: ApolloDriver,
        autoSchemaFile: true,
        allowBatchedHttpRequests: true,
        subscriptions: { 'graphql-ws': true },
        ...options,
      }),
  };
}

/** What runs GraphQL in Nest, and on which frameworks. */
export const DRIVERS = {
  'Apollo on Express': apollo('express'),
  'Apollo on Fastify': apollo('fastify'),
  Mercurius: {
    platform: 'fastify',
    module: (options) =>
      GraphQLModule.forRoot({
        driver: MercuriusDriver,
        autoSchemaFile: true,
        allowBatchedQueries: true,
        subscription: { fullWsTransport: true },
        ...options,
      }),
  },
} satisfies Record<string, Driver>;

export const EACH_DRIVER: [string, Driver][] = Object.entries(DRIVERS);

/** The driver's framework, and a store: what an application starts on. */
export function groundOf({ platform }: Driver): Ground {
  return Object.assign(() => STORES['memory']!(), { platform });
}

export interface GraphqlError {
  readonly message: string;
  readonly extensions?: { readonly code?: string };
}

export interface Result {
  readonly data?: Record<string, unknown> | null;
  readonly errors?: readonly GraphqlError[];
}

/** An answer and what GraphQL said in it. */
export type Graphql = Answer & Result;

export async function graphql(client: Client, query: string): Promise<Graphql> {
  const answer = await client.post('/graphql', { query });
  return { ...answer, ...answer.json<Result>() };
}

/** A client of GraphQL over a socket, which it opens with the cookies that the other one has now. */
export interface SocketClient {
  /** The results of an operation, one after the other; for a subscription, without end. */
  results(query: string): AsyncIterableIterator<Result>;
  close(): Promise<void>;
}

export function openSocket({ port }: TestApp, { cookieHeader }: Client): SocketClient {
  class CookieSocket extends WebSocket {
    constructor(url: string, protocols: string[]) {
      super(url, protocols, { headers: { cookie: cookieHeader } });
    }
  }
  const url = `ws://127.0.0.1:${port}/graphql`;
  const client = createClient({ url, webSocketImpl: CookieSocket, retryAttempts: 0 });
  return {
    results: (query) => client.iterate({ query }) as AsyncIterableIterator<Result>,
    close: async () => client.dispose(),
  };
}
