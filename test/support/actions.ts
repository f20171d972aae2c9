import { randomUUID } from 'node:crypto';
import { Controller, Headers, HttpCode, Post, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { type LoginOptions, Session } from 'nest-sessions';
import type { TestApp } from './app.js';
import { Barrier } from './barrier.js';
import type { Answer, Client } from './client.js';

/** Fields of any name and type: a test reads what it wrote itself. */
// oxlint-disable-next-line typescript/no-explicit-any
export type AnySession = Session<Record<string, any>>;

export interface Http {
  readonly request: Request;
  /** In passthrough mode: the answer is still Nest's to send. */
  readonly response: Response;
}

/** What a handler does with its session. */
export type Action<T> = (session: AnySession, http: Http) => T | Promise<T>;

/** An answer, and what the action returned, which never went through JSON. */
export interface Acted<T> extends Answer {
  readonly result: T;
}

const actions = new Map<string, Action<unknown>>();

/** One route that does whatever a test says, so that what a request does stands where it is checked. */
@Controller()
export class ActionController {
  @Post('act')
  @HttpCode(200)
  async act(
    @Session() session: AnySession,
    @Headers('x-action') id: string,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<void> {
    await actions.get(id)?.(session, { request, response });
  }
}

/** Sends a request that does this with its session. */
export async function act<T>(client: Client, action: Action<T>): Promise<Acted<T>> {
  const id = randomUUID();
  let result: T | undefined;
  actions.set(id, async (session, http) => (result = await action(session, http)));
  try {
    const answer = await client.post('/act', undefined, { headers: { 'x-action': id } });
    return { ...answer, result: result as T };
  } finally {
    actions.delete(id);
  }
}

/** A request that waits, its session already loaded, until it is told to go on. */
export interface SlowRequest<T> {
  finish(): Promise<Acted<T>>;
}

/** Starts a request whose action runs when `finish` is called: everything done in between happens during it. */
export async function begin<T>(client: Client, action: Action<T>): Promise<SlowRequest<T>> {
  const loaded = new Barrier();
  const answer = act(client, async (session, http) => {
    await loaded.pass();
    return action(session, http);
  });
  await Promise.race([loaded.arrived(1), answer]);
  return {
    finish() {
      loaded.open();
      return answer;
    },
  };
}

/** A client for whom this was done, with success. */
async function clientAfter(app: TestApp, action: Action<void>): Promise<Client> {
  const client = app.client();
  const { status, text } = await act(client, action);
  if (status !== 200) throw new Error(`The test could not begin: ${status} ${text}`);
  return client;
}

/** A client with a session of its own that holds this data. */
export function visitor(app: TestApp, data: Record<string, unknown> = { cart: ['tea'] }): Promise<Client> {
  return clientAfter(app, (session) => Object.entries(data).forEach(([key, value]) => session.set(key, value)));
}

/** A client who is logged in. */
export function user(app: TestApp, userId: string, options?: LoginOptions): Promise<Client> {
  return clientAfter(app, (session) => session.login(userId, options));
}

/** All that a client gets to see of its session. */
export async function seenBy(client: Client) {
  const { result } = await act(client, (session) => ({
    id: session.id,
    isNew: session.isNew,
    userId: session.userId,
    data: Object.fromEntries(session.entries()),
  }));
  return result;
}

/** What `seenBy` says of somebody without a session. The id is one that would be used if anything were written. */
export const NOBODY = { id: expect.any(String) as string, isNew: true, userId: undefined, data: {} };
