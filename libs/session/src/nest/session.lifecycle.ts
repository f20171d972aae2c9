import { Server as HttpServer } from 'node:http';
import { Server as HttpsServer } from 'node:https';
import { Server as NetServer } from 'node:net';
import type { BeforeApplicationShutdown, OnApplicationShutdown, OnModuleDestroy, OnModuleInit } from '@nestjs/common';
import type { HttpAdapterHost } from '@nestjs/core';
import { SessionConfigError } from '../core/errors.js';
import {
  type Application,
  registerBinding,
  type SessionBinding,
  sharerOf,
  unregisterBinding,
} from '../http/binding.js';
import { prepareReplies } from '../http/frameworks.js';
import { prepareResponses } from '../http/gated-response.js';

/** What a session module does when the application starts and stops. */
export class SessionLifecycle
  implements OnModuleInit, OnModuleDestroy, BeforeApplicationShutdown, OnApplicationShutdown
{
  #sweeping: NodeJS.Timeout | undefined;

  constructor(
    private readonly binding: SessionBinding,
    private readonly adapterHost: HttpAdapterHost,
    private readonly sweepInterval: number | false,
  ) {}

  async onModuleInit(): Promise<void> {
    this.#checkProtocol();
    const application = this.#application();
    if (application) {
      this.#register(application);
      prepareResponses(application.instance);
      prepareReplies(application.instance);
    }
    try {
      await this.binding.manager.start();
    } catch (error) {
      // An application that could not start is nobody's, and its process may try again.
      this.onApplicationShutdown();
      throw error;
    }
    this.#scheduleSweep();
  }

  #register(application: Application): void {
    const { manager, transport } = this.binding;
    const { name } = manager.policy;
    if (!registerBinding(application, name, this.binding)) {
      throw new SessionConfigError(
        `SessionModule: there are two sessions named '${name}' in this application. Give one of them a name of its own, ` +
          "forRoot(store, { name: 'admin' }) say.",
      );
    }
    const other = sharerOf(application, this.binding);
    if (other === undefined) return;
    throw new SessionConfigError(
      `SessionModule: cookie.name is '${transport.carrier}' for the sessions '${other}' and '${name}', and each would ` +
        'overwrite the cookie of the other. Give one of them another cookie.name, or leave it out: it is made from the name.',
    );
  }

  onModuleDestroy(): void {
    clearTimeout(this.#sweeping);
    this.#sweeping = undefined;
  }

  /** While requests still have their connections, which `forceCloseConnections` is about to take. */
  beforeApplicationShutdown(): Promise<void> {
    return this.binding.saves.settled();
  }

  /** Last of all: requests under way still need their sessions. */
  onApplicationShutdown(): void {
    const application = this.#application();
    if (application) unregisterBinding(application, this.binding.manager.policy.name);
  }

  #application(): Application | undefined {
    const { httpAdapter } = this.adapterHost;
    const instance = httpAdapter?.getInstance<object | undefined>();
    return instance && { instance, server: httpAdapter.getHttpServer() as object | undefined };
  }

  /** Express gives every response a prototype of HTTP/1, over HTTP/2 too, where that cannot work. */
  #checkProtocol(): void {
    const { httpAdapter } = this.adapterHost;
    const server: unknown = httpAdapter?.getHttpServer();
    if (!(server instanceof NetServer) || server instanceof HttpServer || server instanceof HttpsServer) return;
    if (httpAdapter.getType() === 'fastify') return;
    throw new SessionConfigError(
      'SessionModule: the application speaks HTTP/2 itself, and on Express sessions need HTTP/1.1. Leave that to the ' +
        'proxy in front and create the application without http2, or use Fastify.',
    );
  }

  /** With jitter, so that processes started together do not all sweep at once; never keeps a process alive. */
  #scheduleSweep(): void {
    if (this.sweepInterval === false) return;
    const delay = this.sweepInterval * (0.75 + Math.random() / 2);
    this.#sweeping = setTimeout(() => void this.#sweep(), delay).unref();
  }

  async #sweep(): Promise<void> {
    try {
      await this.binding.manager.sweep();
    } catch (error) {
      this.binding.warn('Expired sessions could not be swept; trying again later', error);
    }
    if (this.#sweeping) this.#scheduleSweep();
  }
}
