/** The options of `SessionModule`, the cookie's among them, as a Markdown table. */
export function optionsTable(): string;
