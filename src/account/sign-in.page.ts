import { type Html, html } from '../views/html.js';
import type { Page } from '../views/page.js';
import { MAX_NAME_LENGTH } from './sign-in.pipe.js';

export const DEMO_USERS = ['ada', 'grace', 'linus'] as const;

export function signInPage(): Page {
  return {
    title: 'Sign in',
    body: html`<section class="narrow">
      <h1>Sign in</h1>
      ${signInForm()}
    </section>`,
  };
}

/** With `next`, the page to go on to. */
export function signInForm(next?: string): Html {
  return html`<form class="stack" method="post" action="/login">
    ${next !== undefined && html`<input type="hidden" name="next" value="${next}" />`}
    <label for="user">Your name</label>
    <input
      id="user"
      name="user"
      list="users"
      required
      maxlength="${MAX_NAME_LENGTH}"
      autocomplete="username"
      autocapitalize="none"
      spellcheck="false"
    />
    <datalist id="users">${DEMO_USERS.map((user) => html`<option value="${user}"></option>`)}</datalist>
    <p class="hint">
      This is a demo: any name will do, ${DEMO_USERS.join(', ')} for example, and there is no password.
    </p>
    <label class="check"><input type="checkbox" name="remember" /> Keep me signed in on this device</label>
    <button>Sign in</button>
  </form>`;
}
