import { signInForm } from '../account/sign-in.page.js';
import { html } from './html.js';
import type { Page } from './page.js';

export interface Failure {
  readonly status: number;
  readonly message: string;
  /** What was asked for. */
  readonly path: string;
}

export function errorPage({ status, message, path }: Failure): Page {
  if (status === 401) {
    return {
      title: 'Please sign in',
      body: html`<section class="narrow">
        <h1>Please sign in</h1>
        <p>This page is for people who are signed in. You will come back to it.</p>
        ${signInForm(path)}
      </section>`,
    };
  }
  const title = status === 404 ? 'Not here' : status < 500 ? 'That did not work' : 'Out of order';
  return {
    title,
    body: html`<section class="narrow">
      <h1>${title}</h1>
      <p>${message}</p>
      <p><a class="button" href="/">Back to the shop</a></p>
    </section>`,
  };
}
