import { type ArgumentsHost, Catch, HttpException, Logger } from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';
import type { Request, Response } from 'express';
import { SessionService } from 'nest-sessions';
import type { ShopSession } from '../shop.session.js';
import { errorPage } from './error.page.js';
import { layout } from './layout.js';
import { wantsPage } from './page.interceptor.js';
import { type Visit, visitOf } from './visit.js';

/** Shows errors as pages to browsers: a stranger who opens a page for members finds the way in. Others get Nest's JSON. */
@Catch()
export class PageFilter extends BaseExceptionFilter {
  readonly #logger = new Logger(PageFilter.name);

  constructor(private readonly sessions: SessionService) {
    super();
  }

  override async catch(error: unknown, host: ArgumentsHost): Promise<void> {
    const request = host.switchToHttp().getRequest<Request>();
    const response = host.switchToHttp().getResponse<Response>();
    response.vary('Accept');
    // oxlint-disable-next-line promise/valid-params -- this is the filter's catch, not a promise's
    if (response.headersSent || !wantsPage(request)) return super.catch(error, host);

    const status = this.#statusOf(error);
    if (status >= 500) this.#logger.error(error);
    // Of our own mistakes the visitor learns that there was one, and no more.
    const message = status === 500 ? 'Something went wrong here. It is not your fault.' : (error as Error).message;
    const page = errorPage({ status, message, path: request.path });
    response.status(status).type('html').set('Cache-Control', 'no-store');
    response.send(layout(page, await this.#visitOf(request)).toString());
  }

  #statusOf(error: unknown): number {
    if (error instanceof HttpException) return error.getStatus();
    // Express's own errors (a body that is no JSON) and those of nest-sessions (a store that is down) have one too.
    return this.isHttpError(error) ? error.statusCode : 500;
  }

  /** Whose error it is, if the session can be read: it may be just that which failed. */
  async #visitOf(request: Request): Promise<Visit> {
    try {
      return visitOf(request, await this.sessions.of<ShopSession>(request));
    } catch {
      return visitOf(request);
    }
  }
}
