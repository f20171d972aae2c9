import { type Html, html } from './html.js';

const WORDS = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
] as const;

/** "5 minutes ago", "in 2 hours": the server does not know its visitor's time zone, and need not. */
export function timeAgo(instant: Date): Html {
  const distance = instant.getTime() - Date.now();
  const [unit, length] = UNITS.find(([, length]) => Math.abs(distance) >= length) ?? ['minute', Infinity];
  const words = length === Infinity ? 'just now' : WORDS.format(Math.round(distance / length), unit);
  return html`<time datetime="${instant.toISOString()}" title="${instant.toUTCString()}">${words}</time>`;
}
