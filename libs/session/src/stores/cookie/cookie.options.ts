import ms, { type StringValue } from 'ms';
import { SessionConfigError } from '../../core/errors.js';
import { MAX_CHUNKS } from '../../core/sealed.js';
import { secretsOf } from '../../core/secrets.js';
import type { SessionStore } from '../../core/store.js';

/** One of `revocations` and `acceptReplayFor` has to be there: nobody gets undying cookies by not thinking of it. */
export interface CookieSessionStoreOptions {
  /**
   * What sessions are encrypted with: at least 32 random bytes each. The first seals and all open, and what an old one
   * opens is sealed anew with the first, so keys are changed without a logout. @default the `secret` of the module
   */
  keys?: string | readonly string[];
  /**
   * Remembers which sessions have ended and which cookies were replaced, until they would have expired: any session
   * store, one that outlives a restart, and best one of its own. Costs a read for each request that brings a session,
   * another for each that changes one, and an entry for each logout, login and regenerate.
   */
  revocations?: SessionStore;
  /**
   * Accepts, in place of `revocations`, that a copy of a cookie stays good after the logout, for what is left of its
   * total life. At least the longest that a session can live, which is the longer of `absoluteTimeout` and
   * `remember.absolute`: `'90d'` with the defaults. Milliseconds, or text as the `ms` package reads it.
   */
  acceptReplayFor?: number | string;
  /**
   * Compresses what gets smaller by it. Then the length of the cookie tells something of what is in it: leave it off
   * if a session holds a secret beside text that others can choose (the CRIME attack). @default false
   */
  compress?: boolean;
  /**
   * Over how many cookies of 4 KiB a session may be spread, 1 to 3. Proxies on the way have to let them pass: nginx
   * takes 8 KiB of cookies unless `large_client_header_buffers` says more. @default 1
   */
  chunks?: number;
}

/** The options, checked. */
export interface CookieSettings {
  readonly keys: readonly string[] | undefined;
  readonly revocations: SessionStore | undefined;
  /** Milliseconds. */
  readonly acceptedReplay: number;
  readonly compress: boolean;
  readonly chunks: number;
}

const OPTIONS = ['keys', 'revocations', 'acceptReplayFor', 'compress', 'chunks'];

/** @throws SessionConfigError with the option's name, what was given and what is accepted. */
export function resolveOptions(options: CookieSessionStoreOptions): CookieSettings {
  const { acceptReplayFor, chunks = 1, compress = false, keys: given, revocations } = options;
  const unknown = Object.keys(options).find((name) => !OPTIONS.includes(name));
  if (unknown !== undefined) {
    throw wrong(`there is no option ${JSON.stringify(unknown)}. There are: ${OPTIONS.join(', ')}.`);
  }
  if (revocations === undefined && acceptReplayFor === undefined) {
    throw wrong(
      'nothing is kept on the server, so a copy of a cookie would stay good after the logout. Say what to do about ' +
        'it: { revocations: store } remembers in any session store what has ended; { acceptReplayFor: "90d" } ' +
        'accepts it, for as long as a session can live.',
    );
  }
  if (revocations !== undefined && acceptReplayFor !== undefined) {
    throw wrong('revocations and acceptReplayFor exclude each other. Leave one of them out.');
  }
  if (typeof compress !== 'boolean') throw wrong(`compress is ${String(compress)}, and must be true or false.`);
  if (!Number.isInteger(chunks) || chunks < 1 || chunks > MAX_CHUNKS) {
    throw wrong(`chunks is ${String(chunks)}, and must be a whole number from 1 to ${MAX_CHUNKS}.`);
  }
  const keys = given === undefined ? undefined : secretsOf('CookieSessionStore: keys', given);
  return { keys, revocations, acceptedReplay: durationOf(acceptReplayFor), compress, chunks };
}

/** A session must not be able to live, and a copy of it to be replayed, for longer than was accepted. */
export function checkReplay({ acceptedReplay, revocations }: CookieSettings, longestLife: number): void {
  if (revocations || acceptedReplay >= longestLife) return;
  const needed = show(longestLife);
  throw wrong(
    `acceptReplayFor is ${show(acceptedReplay)}, but a session can live for ${needed}, the longer of absoluteTimeout ` +
      `and remember.absolute, and so can a copy of its cookie after the logout. Write acceptReplayFor: ${needed} if ` +
      'that is acceptable, shorten these two, or pass revocations instead.',
  );
}

function durationOf(value: unknown = 0): number {
  // The library throws for the empty string and for very long ones.
  const readable = typeof value === 'string' && value.length > 0 && value.length <= 100;
  const milliseconds = readable ? ms(value as StringValue) : value;
  if (typeof milliseconds === 'number' && milliseconds >= 0) return milliseconds;
  const given = typeof value === 'string' ? `'${value}'` : String(value);
  throw wrong(`acceptReplayFor is ${given}, and must be a duration such as '90d', or milliseconds.`);
}

/** As it can be written in the options: `'90d'`, or the milliseconds where no such text is exact. */
function show(milliseconds: number): string {
  const text = ms(milliseconds);
  return ms(text as StringValue) === milliseconds ? `'${text}'` : `${milliseconds} ms`;
}

function wrong(what: string): SessionConfigError {
  return new SessionConfigError(`CookieSessionStore: ${what}`);
}
