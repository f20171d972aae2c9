import { Module } from '@nestjs/common';
import { GraphQLModule } from '@nestjs/graphql';
import { MercuriusDriver, type MercuriusDriverConfig } from '@nestjs/mercurius';
import { MemorySessionStore, SessionModule } from 'nest-sessions';
import type { Surface } from '../surface.js';
import { askForTea, TeaResolver } from '../tea.resolver.js';

@Module({
  imports: [
    SessionModule.forRoot(new MemorySessionStore()),
    GraphQLModule.forRoot<MercuriusDriverConfig>({ driver: MercuriusDriver, autoSchemaFile: true, subscription: true }),
  ],
  providers: [TeaResolver],
})
class MercuriusModule {}

export const surface: Surface = {
  name: 'GraphQL with Mercurius',
  dashes: { express: 'Mercurius is a plugin of Fastify.' },
  module: () => MercuriusModule,
  drive: askForTea,
};
