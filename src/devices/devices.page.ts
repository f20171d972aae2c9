import { type Html, html } from '../views/html.js';
import type { Page } from '../views/page.js';
import { timeAgo } from '../views/time-ago.js';

export interface Device {
  readonly id: string;
  readonly label: string;
  readonly signedInAt: Date;
  readonly lastSeenAt: Date;
  /** Whether it is the one that is asking. */
  readonly current: boolean;
}

export function devicesPage(devices: readonly Device[]): Page {
  return {
    title: 'Your devices',
    body: html`<h1>Your devices</h1>
      <p class="lead">Everywhere you are signed in. Sign out whatever you do not know, or no longer use.</p>
      <ul class="rows">
        ${devices.map(deviceRow)}
      </ul>
      ${
        devices.length > 1 &&
        html`<form method="post" action="/devices/revoke-others">
          <button class="quiet">Sign out everywhere else</button>
        </form>`
      }`,
  };
}

function deviceRow({ id, label, signedInAt, lastSeenAt, current }: Device): Html {
  return html`<li>
    <div>
      <strong>${label}</strong> ${current && html`<span class="badge">This device</span>`}
      <p class="hint">Signed in ${timeAgo(signedInAt)} · last seen ${timeAgo(lastSeenAt)}</p>
    </div>
    <form method="post" action="${current ? '/logout' : `/devices/${id}/revoke`}">
      <button class="quiet" aria-label="Sign out ${label}">Sign out</button>
    </form>
  </li>`;
}
