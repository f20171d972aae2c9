import type { OnModuleDestroy } from '@nestjs/common';
import type { ApplicationConfig } from '@nestjs/core';
import type { SessionBinding } from '../http/binding.js';
import { type GatewayAdapter, prepareAdapter } from '../sockets/adapter.js';
import type { SocketRegistry, SocketSettings } from '../sockets/registry.js';
import { Sockets } from '../sockets/sockets.js';

const applications = new WeakMap<ApplicationConfig, Sockets>();

/**
 * Brings a session to the sockets of the gateways. Every adapter, Nest's default one too, reaches gateways by way of
 * `setIoAdapter()`, and providers are made before that: `onModuleInit` would be too late, gateways are bound by then.
 */
export class SessionSockets implements OnModuleDestroy {
  readonly #registry: SocketRegistry;

  constructor(binding: SessionBinding, config: ApplicationConfig, settings: SocketSettings) {
    this.#registry = socketsOf(config).add(binding, settings);
  }

  onModuleDestroy(): void {
    this.#registry.close();
  }
}

function socketsOf(config: ApplicationConfig): Sockets {
  const known = applications.get(config);
  if (known) return known;
  const sockets = new Sockets();
  applications.set(config, sockets);
  const { setIoAdapter } = config;
  config.setIoAdapter = (adapter) => {
    prepareAdapter(adapter as GatewayAdapter, sockets);
    setIoAdapter.call(config, adapter);
  };
  return sockets;
}
