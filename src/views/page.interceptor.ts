import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request, Response } from 'express';
import { SessionService } from 'nest-sessions';
import { concatMap, type Observable } from 'rxjs';
import type { ShopSession } from '../shop.session.js';
import { layout } from './layout.js';
import { isPage } from './navigation.js';
import type { Outcome, View } from './page.js';
import { visitOf } from './visit.js';

export const VIEW = 'view';
export const SEE_OTHER = 'see-other';

/** Gives browsers pages, and everybody else the JSON that Nest makes of a controller's answer anyway. */
@Injectable()
export class PageInterceptor implements NestInterceptor {
  constructor(
    private readonly sessions: SessionService,
    private readonly reflector: Reflector,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<Request>();
    const response = context.switchToHttp().getResponse<Response>();
    // No answer with somebody's data outlives the sign-out, not even behind the browser's Back button.
    response.vary('Accept').set('Cache-Control', 'no-store');
    if (!wantsPage(request)) return next.handle();

    const handler = context.getHandler();
    const view = this.reflector.get<View<unknown> | undefined>(VIEW, handler);
    const path = this.reflector.get<string>(SEE_OTHER, handler);
    return next.handle().pipe(
      concatMap(async (data: unknown) => {
        const session = await this.sessions.of<ShopSession>(request);
        if (view) {
          response.type('html');
          const visit = { ...visitOf(request, session), notices: session.flashes<string>('notice') };
          return layout(view(data), visit).toString();
        }
        // A flash message is kept until a page shows it. 303, so that reloading that page does not send the form again.
        session.flash('notice', (data as Outcome).message);
        response.status(303).location(nextPage(request) ?? path);
      }),
    );
  }
}

/** Browsers ask for HTML by name. curl takes anything (the header is absent or names all types), and gets JSON. */
export function wantsPage(request: Request): boolean {
  return request.accepts(['json', 'html']) === 'html';
}

/** Where the form wants to go on. Only pages of ours: anything else would be an open redirect (CWE-601). */
function nextPage({ body }: Request): string | undefined {
  const { next } = (body ?? {}) as { next?: unknown };
  return isPage(next) ? next : undefined;
}
