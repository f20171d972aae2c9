import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import { Module } from '@nestjs/common';
import { GraphQLModule } from '@nestjs/graphql';
import { MemorySessionStore, SessionModule } from 'nest-sessions';
import { CartResolver } from './cart.resolver.js';

@Module({
  imports: [
    SessionModule.forRoot(new MemorySessionStore()),
    GraphQLModule.forRoot<ApolloDriverConfig>({ driver: ApolloDriver, autoSchemaFile: true }),
  ],
  providers: [CartResolver],
})
export class AppModule {}
