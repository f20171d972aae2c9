import type { Application } from './application.js';
import { type Import, imported, importLine } from './import.edit.js';
import { withEntry } from './property.edit.js';
import { metadataOf } from './root-module.js';
import type { Step } from './step.js';

const IMPORTS: readonly Import[] = [
  { names: ['APP_GUARD'], from: '@nestjs/core' },
  { names: ['SessionAuthGuard'], from: 'nest-sessions' },
];
const CODE = '{ provide: APP_GUARD, useClass: SessionAuthGuard }';

export function isGuarded(application: Application): boolean {
  return application.sources().some(({ text }) => /\bAPP_GUARD\b[^]*\bSessionAuthGuard\b/.test(text));
}

/** Every route for people who are logged in. */
export function guardStep(application: Application): Step {
  return {
    byHand: `${IMPORTS.map(importLine).join('\n')}\n\nand to the providers of the root module\n\n${CODE},`,
    add({ file, name }) {
      const source = application.read(file);
      application.change(imported(withEntry(source, metadataOf(source, name), 'providers', CODE), IMPORTS));
      return ['Every route is for people who are logged in now, but for those with @Public(): the login needs it.'];
    },
  };
}
