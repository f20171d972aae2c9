import { type Html, html } from './html.js';
import { PAGES } from './navigation.js';
import type { Page } from './page.js';
import type { Visit } from './visit.js';

export function layout({ title, body }: Page, visit: Visit): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title} · The Cookie Jar</title>
        <link rel="stylesheet" href="/shop.css" />
        <link rel="icon" href="data:image/svg+xml,${encodeURIComponent(ICON)}" />
      </head>
      <body>
        <a class="skip" href="#main">Skip to the content</a>
        <header>
          <a class="brand" href="/">The Cookie Jar</a>
          ${navigation(visit)} ${account(visit)}
        </header>
        <main id="main">
          ${visit.notices.map((notice) => html`<p class="notice" role="status">${notice}</p>`)} ${body}
        </main>
        <footer>
          A demo shop of nest-sessions. Nothing is sold here, and nobody has a password. The same pages speak JSON:
          <code>curl ${visit.host}/cart</code>
        </footer>
      </body>
    </html>`;
}

function navigation({ path, user, items }: Visit): Html {
  const shown = PAGES.filter((page) => user !== undefined || !page.private);
  return html`<nav aria-label="Pages">
    ${shown.map(
      (page) =>
        html`<a href="${page.path}" ${page.path === path && html`aria-current="page"`}
          >${page.name}${page.path === '/cart' && items > 0 && html` <span class="count">${items}</span>`}</a
        >`,
    )}
  </nav>`;
}

function account({ user }: Visit): Html {
  if (user === undefined) return html`<a class="button quiet" href="/login">Sign in</a>`;
  return html`<form class="account" method="post" action="/logout">
    <span>${user}</span>
    <button class="quiet">Sign out</button>
  </form>`;
}

const ICON =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><circle cx="16" cy="16" r="15" fill="#c98b4a"/>' +
  '<g fill="#4a2a17"><circle cx="11" cy="11" r="3"/><circle cx="21" cy="13" r="2.5"/><circle cx="14" cy="22" r="3"/></g></svg>';
