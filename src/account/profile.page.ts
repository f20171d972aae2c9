import { html } from '../views/html.js';
import type { Page } from '../views/page.js';
import { timeAgo } from '../views/time-ago.js';

export interface Profile {
  readonly user: string;
  /** The public half of the session's token: safe to show. */
  readonly session: string;
  readonly signedInAt: Date;
  readonly expiresAt: Date;
}

export function profilePage({ user, session, signedInAt, expiresAt }: Profile): Page {
  return {
    title: 'Profile',
    body: html`<section class="narrow">
      <h1>Hello, ${user}</h1>
      <dl class="facts">
        <dt>Signed in</dt>
        <dd>${timeAgo(signedInAt)}</dd>
        <dt>Signed out if you stay away</dt>
        <dd>${timeAgo(expiresAt)}</dd>
        <dt>Session</dt>
        <dd><code>${session}</code></dd>
      </dl>
      <p class="hint">
        The session's id is no secret. What proves it is yours is the rest of the cookie, which no page shows.
      </p>
    </section>`,
  };
}
