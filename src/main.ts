import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module.js';
import { readConfig } from './config.js';
const config = readConfig(process.env);
const app = await NestFactory.create(AppModule.forRoot({ secret: config.secret, secure: config.production }), {
  logger: ['warn', 'error'],
  abortOnError: false,
  forceCloseConnections: true,
});
app.useSecurityHeaders();
app.enableCsrfProtection();
await app.listen(config.port);
console.log(await app.getUrl());
