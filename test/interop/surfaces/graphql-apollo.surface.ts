import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import { Module } from '@nestjs/common';
import { GraphQLModule } from '@nestjs/graphql';
import { MemorySessionStore, SessionModule } from 'nest-sessions';
import type { Surface } from '../surface.js';
import { askForTea, TeaResolver } from '../tea.resolver.js';

@Module({
  imports: [
    SessionModule.forRoot(new MemorySessionStore()),
    GraphQLModule.forRoot<ApolloDriverConfig>({
      driver: ApolloDriver,
      autoSchemaFile: true,
      subscriptions: { 'graphql-ws': true },
    }),
  ],
  providers: [TeaResolver],
})
class ApolloModule {}

export const surface: Surface = {
  name: 'GraphQL with Apollo',
  module: () => ApolloModule,
  drive: askForTea,
};
