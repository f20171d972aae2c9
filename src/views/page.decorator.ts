import { applyDecorators, HttpCode, SetMetadata, UseInterceptors } from '@nestjs/common';
import type { Outcome, View } from './page.js';
import { PageInterceptor, SEE_OTHER, VIEW } from './page.interceptor.js';

/** For methods that return that, or a promise of it. */
type MethodDecorator<T> = <M extends (...args: never[]) => T | Promise<T>>(
  target: object,
  key: string | symbol,
  method: TypedPropertyDescriptor<M>,
) => void;

/** Shows what the method returns as a page to browsers, and as JSON to everybody else. */
export const ShowPage = <T>(view: View<T>): MethodDecorator<T> =>
  applyDecorators(SetMetadata(VIEW, view), UseInterceptors(PageInterceptor));

/** For forms: sends browsers on to that page, with the message that the method returns. Everybody else gets JSON. */
export const SeeOther = (path: string): MethodDecorator<Outcome> =>
  applyDecorators(HttpCode(200), SetMetadata(SEE_OTHER, path), UseInterceptors(PageInterceptor));
