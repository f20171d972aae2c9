import { countOf, type Pristine, pristine } from './pristine.js';
import { Recent } from './recent.js';

/** About a thousand sessions of a kilobyte: some megabytes with the values. */
const CHARACTERS = 2_000_000;
/** What each array and record takes beside the text, in characters: `[[],[]]` takes far more room than it is long. */
const PART = 100;
/** What is shorter is parsed sooner than found. Characters. */
const SHORT = 16;

/** Values as they were parsed. Nobody else ever holds them, so nobody can have changed them. */
const recent = new Recent<Pristine>(CHARACTERS);

/** What a JSON text says, which is never `undefined`: to be looked at, and never to be given away. */
export function pristineOf(text: string): Pristine {
  if (text.length < SHORT) return pristine(JSON.parse(text));
  const known = recent.get(text);
  if (known !== undefined) return known;
  const parsed = pristine(JSON.parse(text));
  recent.keep(text, parsed, text.length + PART * countOf(parsed));
  return parsed;
}
