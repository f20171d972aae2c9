import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { createApp } from './app.js';
import { readConfig } from './config.js';
import { openStore } from './stores/index.js';

try {
  await open();
} catch (error) {
  console.error(`The shop cannot open: ${reason(error)}`);
  // Not just an exit code: what was half started, a pool of connections say, would keep the process alive.
  process.exit(1);
}

async function open(): Promise<void> {
  const config = readConfig(process.env);
  // Before the store, which takes longer: starting the shop twice is an easy mistake.
  await checkPort(config.port);
  const opened = await openStore(config);
  let app: NestExpressApplication | undefined;
  const close = async (): Promise<void> => {
    await app?.close();
    await opened.close();
  };
  try {
    app = await createApp(opened, config);
    await app.listen(config.port);
  } catch (error) {
    await close();
    throw error;
  }
  // `once`: whoever is in a hurry presses Ctrl-C again.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void close());

  app.useLogger(['warn', 'error']);
  const { port } = app.getHttpServer().address() as AddressInfo;
  console.log(welcome(`localhost:${port}`, opened.where));
}

async function checkPort(port: number): Promise<void> {
  const probe = createServer().listen(port);
  await once(probe, 'listening');
  probe.close();
  await once(probe, 'close');
}

function welcome(host: string, where: string): string {
  return `
  The Cookie Jar is open at  http://${host}
  Its sessions are kept in   ${where}

  Look at it in a browser, or in two, or with curl:

    curl -b jar -c jar -d user=ada ${host}/login
    curl -b jar -c jar -d sku=shortbread -d qty=2 ${host}/cart
    curl -b jar ${host}/profile
    curl -b jar ${host}/devices

  Ctrl-C closes it.
`;
}

function reason(error: unknown): string {
  // Node's error for a host with several addresses says nothing itself, but has one for each.
  if (error instanceof AggregateError && error.message === '') return reason(error.errors[0]);
  if (!(error instanceof Error)) return String(error);
  const { code, port, syscall } = error as NodeJS.ErrnoException & { port?: number };
  if (code === 'EADDRINUSE') return `port ${port} is in use. Choose another one: PORT=${(port ?? 3000) + 1} npm start`;
  if (code === 'EACCES' && syscall === 'listen')
    return `port ${port} is not for you. Choose another one: PORT=3000 npm start`;
  if (syscall === 'connect' || syscall === 'getaddrinfo')
    return `${error.message}. Is that where Postgres is? See DATABASE_URL.`;
  return error.message;
}
