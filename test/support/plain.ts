import type { AddressInfo } from 'node:net';
import type { INestApplication, ModuleMetadata } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { createApp, type PlatformSettings } from './platforms.js';

export interface PlainAppSettings extends Pick<ModuleMetadata, 'controllers' | 'providers'>, PlatformSettings {
  prepare?(app: INestApplication): void;
}

/** An application without the library, to compare with: started once for a `describe` block. */
export function usePlainApp({ platform, prepare, ...metadata }: PlainAppSettings): { port: number } {
  const plain = { port: 0 };
  let app: INestApplication;
  beforeAll(async () => {
    const module = await Test.createTestingModule(metadata).compile();
    app = createApp(module, { platform });
    prepare?.(app);
    await app.listen(0, '127.0.0.1');
    plain.port = (app.getHttpServer().address() as AddressInfo).port;
  });
  afterAll(() => app.close());
  return plain;
}
