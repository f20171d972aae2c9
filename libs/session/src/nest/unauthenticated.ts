import { UnauthorizedException } from '@nestjs/common';

/** 401, and in GraphQL the code that its clients know: Apollo's driver makes it of the status, Mercurius's does not. */
export function unauthenticated(message: string): UnauthorizedException {
  return Object.assign(new UnauthorizedException(message), { extensions: { code: 'UNAUTHENTICATED' } });
}
