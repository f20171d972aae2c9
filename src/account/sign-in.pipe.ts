import { BadRequestException, Injectable, type PipeTransform } from '@nestjs/common';

export const MAX_NAME_LENGTH = 40;

export interface SignIn {
  readonly user: string;
  /** Stay signed in when the browser is closed. */
  readonly remember: boolean;
}

/** Makes a sign-in of a body, or says what is wrong with it. A form sends a ticked box as "on". */
@Injectable()
export class SignInPipe implements PipeTransform<unknown, SignIn> {
  transform(body: unknown): SignIn {
    const { user, remember } = (body ?? {}) as Record<string, unknown>;
    if (user === undefined) {
      throw new BadRequestException(
        'user is missing: send {"user":"ada"} with Content-Type: application/json, or user=ada as a form does.',
      );
    }
    const name = typeof user === 'string' ? user.trim() : '';
    if (name.length > MAX_NAME_LENGTH || !/^[\p{L}\p{N}][\p{L}\p{M}\p{N} ._'-]*$/u.test(name)) {
      throw new BadRequestException(
        `user must be a name of 1 to ${MAX_NAME_LENGTH} letters, digits, spaces and . _ ' -, with a letter or digit first.`,
      );
    }
    return { user: name.toLowerCase(), remember: remember === true || remember === 'on' };
  }
}
