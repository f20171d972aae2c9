/**
 * Names of fields and ids of users as MySQL and MariaDB hold them: `%` and two hexadecimal digits stand for what they
 * would trip over, and all other texts stand for themselves.
 *
 * - `"`, `\` and control characters: a JSON path would have to escape them, in which the two servers differ.
 * - The empty name, which becomes a lone `%`: MariaDB 10.11 mixes it up with others in JSON_MERGE_PATCH.
 * - A blank at the end: their collations in common take `ada` and `ada ` for the same text.
 * - `%` itself.
 */
export function escaped(name: string): string {
  return name === '' ? '%' : name.replace(TROUBLE, (char) => `%${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

export function unescaped(name: string): string {
  return name === '%'
    ? ''
    : name.replace(/%([0-9a-f]{2})/g, (_, code: string) => String.fromCharCode(parseInt(code, 16)));
}

const TROUBLE = /["\\%\p{Cc}]| $/gu;

/** The JSON path of a member. */
export function pathOf(name: string): string {
  return `$."${escaped(name)}"`;
}
