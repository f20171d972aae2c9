import { SessionConfigError } from './errors.js';

const MIN_BYTES = 32;
const ACCEPTED = `at least ${MIN_BYTES} random bytes, from "openssl rand -base64 32" say`;
/** Fewer different characters than this are no output of a random source. */
const MIN_DIFFERENT = 8;

/**
 * The keys that an option gives: one, or a list. `where`: whose option it is, `'SessionModule: secret'`. Values stay out of
 * the messages: errors are logged.
 *
 * @throws SessionConfigError with what was given and what is accepted.
 */
export function secretsOf(where: string, given: unknown): readonly string[] {
  const secrets: unknown = typeof given === 'string' ? [given] : given;
  if (!Array.isArray(secrets) || secrets.length === 0) {
    const kind = Array.isArray(given) ? 'empty list' : typeof given;
    throw wrong(where, `${/^[eo]/.test(kind) ? 'an' : 'a'} ${kind}`, 'a string or a list of strings');
  }
  return secrets.map((secret: unknown, index) => checked(secrets.length > 1 ? `${where}[${index}]` : where, secret));
}

function checked(where: string, secret: unknown): string {
  const bytes = typeof secret === 'string' ? Buffer.byteLength(secret) : 0;
  if (bytes < MIN_BYTES) throw wrong(where, `a ${typeof secret} of ${bytes} bytes`, ACCEPTED);
  if (new Set(secret as string).size < MIN_DIFFERENT) throw wrong(where, 'made of a few repeated characters', ACCEPTED);
  return secret as string;
}

function wrong(where: string, given: string, accepted: string): SessionConfigError {
  return new SessionConfigError(`${where} is ${given}, and must be ${accepted}.`);
}
