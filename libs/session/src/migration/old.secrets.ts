import { SessionConfigError } from '../core/errors.js';
import type { OldSecret } from './old.signature.js';

/** The secrets of an old library: whatever it was content with. */
export function oldSecrets(where: string, given: unknown): readonly OldSecret[] {
  const secrets = (Array.isArray(given) ? given : [given]) as OldSecret[];
  if (secrets.length > 0 && secrets.every(isGiven)) return secrets;
  throw new SessionConfigError(`${where} is missing or empty, and must be what the old cookies were signed with.`);
}

/** With an empty key anybody can sign, be it a text or a buffer. */
function isGiven(secret: OldSecret | null | undefined): boolean {
  return secret !== null && secret !== undefined && (secret as string | Buffer).length !== 0;
}
