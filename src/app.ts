import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AppModule, type AppOptions } from './app.module.js';
import type { OpenedStore } from './stores/opened-store.js';

/** The shop, not listening yet. */
export async function createApp(opened: OpenedStore, options: AppOptions): Promise<NestExpressApplication> {
  const app = await NestFactory.create<NestExpressApplication>(AppModule.forRoot(opened, options), {
    // What goes wrong at the start is thrown, and main.ts tells it: Nest would log it too, and abort the process.
    abortOnError: false,
    logger: false,
    forceCloseConnections: true,
  });
  // Beside the session cookie's SameSite: browsers say which site a request comes from, and other sites' are refused.
  app.enableCsrfProtection();
  app.useSecurityHeaders({
    contentSecurityPolicy: {
      directives: {
        styleSrc: "'self'",
        // Over plain http, on a machine that is not called localhost, no stylesheet and no form would get through.
        upgradeInsecureRequests: options.production,
      },
    },
    // The default keeps the Origin of our own forms from us, which tells them from other sites' where Sec-Fetch-Site
    // is not sent: over plain http, on a machine that is not called localhost.
    referrerPolicy: { policy: 'same-origin' },
    strictTransportSecurity: options.production,
  });
  return app;
}
