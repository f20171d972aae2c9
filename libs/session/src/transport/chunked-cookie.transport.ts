import type { IncomingMessage, ServerResponse } from 'node:http';
import { MAX_CHUNKS } from '../core/sealed.js';
import { type CookieSettings, CookieTransport } from './cookie.transport.js';

/**
 * A token in one cookie if it fits, else in pieces, a cookie each: `sid.0=2.abc`, `sid.1=def`. The first piece says how
 * many there are, so that one left over from a longer token is not taken for part of a shorter one. Pieces of two
 * answers make a token that does not open.
 */
export class ChunkedCookieTransport extends CookieTransport {
  /** As many as there can ever be, so that what a larger setting has left behind is cleared too. */
  readonly #pieces: readonly CookieTransport[];

  /** `chunks`: how many cookies a token may take. */
  constructor(
    settings: CookieSettings,
    private readonly chunks: number,
  ) {
    super(settings);
    this.#pieces = Array.from(
      { length: MAX_CHUNKS },
      (_, index) => new CookieTransport({ ...settings, name: `${settings.name}.${index}` }),
    );
  }

  override get capacity(): number {
    return this.#pieces[0]!.capacity * this.chunks - mark(this.chunks).length;
  }

  /** Tokens in one cookie first. A cookie may come several times, from other paths: pieces are put together in order. */
  override read(request: IncomingMessage): readonly string[] {
    const whole = super.read(request);
    const first = this.#pieces[0]!.read(request);
    if (first.length === 0) return whole;
    const others = this.#pieces.slice(1).map((piece) => piece.read(request));
    return [...whole, ...first.flatMap((text, nth) => join([text, ...others.map((found) => found[nth])]) ?? [])];
  }

  override write(response: ServerResponse, token: string, maxAge: number | undefined): void {
    const values = token.length > super.capacity ? split(token, this.#pieces[0]!.capacity) : [];
    if (values.length === 0) super.write(response, token, maxAge);
    else if (super.read(response.req).length > 0) super.clear(response);
    values.forEach((value, index) => this.#pieces[index]?.write(response, value, maxAge));
    this.#clearFrom(values.length, response);
  }

  override clear(response: ServerResponse): void {
    super.clear(response);
    this.#clearFrom(0, response);
  }

  /** Only what the browser has sent: nobody needs to be rid of what was never there. */
  #clearFrom(index: number, response: ServerResponse): void {
    for (const piece of this.#pieces.slice(index)) if (piece.read(response.req).length > 0) piece.clear(response);
  }
}

/** What the first piece begins with. Tokens have no dot in them. */
function mark(count: number): string {
  return `${count}.`;
}

function split(token: string, room: number): string[] {
  const count = Math.ceil((token.length + mark(MAX_CHUNKS).length) / room);
  const text = mark(count) + token;
  return Array.from({ length: count }, (_, index) => text.slice(index * room, (index + 1) * room));
}

/** `undefined`: a piece is missing, or this is no first piece. */
function join([first = '', ...others]: readonly (string | undefined)[]): string | undefined {
  const count = Number(first[0]);
  if (first[1] !== '.' || !(count > 1)) return undefined;
  const rest = others.slice(0, count - 1);
  return rest.length < count - 1 || rest.includes(undefined) ? undefined : first.slice(2) + rest.join('');
}
