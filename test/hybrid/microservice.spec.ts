import type { Server } from 'node:net';
import type { AddressInfo } from 'node:net';
import { Controller, type INestMicroservice, Module, UseGuards } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type ClientProxy, ClientProxyFactory, MessagePattern, Payload, Transport } from '@nestjs/microservices';
import {
  MemorySessionStore,
  type RequestLike,
  Session,
  SessionAuthGuard,
  SessionModule,
  SessionService,
} from 'nest-sessions';
import { lastValueFrom } from 'rxjs';

@Controller()
class OrderController {
  constructor(private readonly sessions: SessionService) {}

  @MessagePattern('order')
  order(@Payload() sku: string) {
    return `ordered: ${sku}`;
  }

  @MessagePattern('devices')
  devices(@Payload() user: string) {
    return this.sessions.list(user);
  }

  @MessagePattern('session')
  session(@Session() session: Session) {
    return session.id;
  }

  @MessagePattern('guarded')
  @UseGuards(SessionAuthGuard)
  guarded() {}

  @MessagePattern('current')
  async current() {
    return (await this.sessions.current()).id;
  }

  @MessagePattern('of')
  async of(@Payload() message: RequestLike) {
    return (await this.sessions.of(message)).id;
  }
}

const transport = { transport: Transport.TCP, options: { host: '127.0.0.1', port: 0 } } as const;

/** What the application says of the errors of its handlers. */
class Log {
  readonly errors: string[] = [];
  log() {}
  warn() {}
  error(message: unknown) {
    this.errors.push(message instanceof Error ? message.message : String(message));
  }
}

const kinds = ['a microservice', 'a hybrid application', 'a hybrid application with inheritAppConfig'] as const;

describe.each(kinds)('in the handlers of messages of %s', (kind) => {
  const log = new Log();
  let app: { close(): Promise<void> };
  let client: ClientProxy;

  beforeAll(async () => {
    @Module({ imports: [SessionModule.forRoot(new MemorySessionStore())], controllers: [OrderController] })
    class OrderModule {}
    const options = { logger: log, abortOnError: false };
    let service: INestMicroservice;
    if (kind === 'a microservice') {
      service = await NestFactory.createMicroservice(OrderModule, { ...transport, ...options });
      await service.listen();
      app = service;
    } else {
      const hybrid = await NestFactory.create(OrderModule, options);
      const inheritAppConfig = kind === 'a hybrid application with inheritAppConfig';
      service = hybrid.connectMicroservice(transport, { inheritAppConfig });
      await hybrid.startAllMicroservices();
      app = hybrid;
    }
    const { port } = service.unwrap<Server>().address() as AddressInfo;
    client = ClientProxyFactory.create({ transport: Transport.TCP, options: { host: '127.0.0.1', port } });
  });

  afterAll(async () => {
    await client.close();
    await app.close();
  });

  beforeEach(() => {
    log.errors.length = 0;
  });

  function send(pattern: string, message: unknown = ''): Promise<unknown> {
    return lastValueFrom(client.send(pattern, message));
  }

  it('the interceptor lets messages pass', async () => {
    expect(await send('order', 'tea')).toBe('ordered: tea');
  });

  it('the service lists sessions', async () => {
    expect(await send('devices', 'ada')).toEqual([]);
  });

  it.each(['session', 'guarded'])('%s: the error says what to do instead', async (pattern) => {
    await expect(send(pattern)).rejects.toBeDefined();
    expect(log.errors.join()).toMatch(`OrderController.${pattern} asks for a session, and messages of a microservice`);
  });

  it.each(['', { raw: 'a field of the message' }, { id: 7 }])('of(%j) says what it needs', async (message) => {
    await expect(send('of', message)).rejects.toBeDefined();
    expect(log.errors.join()).toMatch('SessionService.of() needs a request');
  });

  it('current() says where it works', async () => {
    await expect(send('current')).rejects.toBeDefined();
    expect(log.errors.join()).toMatch('SessionService.current() found no request');
  });
});
