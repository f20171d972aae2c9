import type { Html } from './html.js';

/** A page without what all pages have in common. */
export interface Page {
  readonly title: string;
  readonly body: Html;
}

/** Makes a page of what a controller returned. */
export type View<T> = (data: T) => Page;

/** What became of a form: shown on the next page, and to programs as it is. */
export interface Outcome {
  readonly message: string;
}
