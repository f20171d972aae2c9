import type { IncomingMessage, ServerResponse } from 'node:http';

/** How the token travels. Works on Node's own request and response, which every framework has underneath. */
export interface SessionTransport {
  /** The request header that the answer depends on, for `Vary`. */
  readonly vary: string;
  /** What carries the token and nothing else, a cookie's name: a sealed session is bound to it. @default not bound */
  readonly carrier?: string;
  /** The longest token that can be carried. Bytes. @default no limit of its own */
  readonly capacity?: number;
  /** The texts that could be tokens, in the order they came. Untrusted, unchecked. */
  read(request: IncomingMessage): readonly string[];
  /** Gives the client a token. `maxAge`: seconds it is to be kept, or `undefined` for as long as the browser runs. */
  write(response: ServerResponse, token: string, maxAge: number | undefined): void;
  /** Takes the token away from the client. */
  clear(response: ServerResponse): void;
}
