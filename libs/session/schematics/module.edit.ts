import type { Application } from './application.js';
import { imported, importLine } from './import.edit.js';
import { withEntry } from './property.edit.js';
import { Refusal } from './refusal.js';
import { metadataOf } from './root-module.js';
import type { Step } from './step.js';
import { type StoreName, WIRINGS } from './stores.js';
import { addTables, TABLES_BY_HAND } from './typeorm.edit.js';

const ABOUT_SECRETS = `The application does not start without SESSION_SECRET in its environment. To make one:
  node -e "console.log(require('node:crypto').randomBytes(32).toString('base64url'))"`;
const ABOUT_HTTPS = 'Cookies are for https, unless NODE_ENV is development or test.';

export function hasModule(application: Application): boolean {
  return application
    .sources()
    .some(({ text }) => /\bSessionModule\s*\.\s*forRoot/.test(text) && /nest-sessions/.test(text));
}

/** SessionModule with a store, and what the store needs. */
export function moduleStep(application: Application, store: StoreName): Step {
  const { client, code, imports, notes } = WIRINGS[store];
  const lines = `${imports.map(importLine).join('\n')}\n\nand to the imports of the root module\n\n${code},`;
  return {
    byHand: store === 'postgres' ? `${lines}\n\n${TABLES_BY_HAND}` : lines,
    add({ file, name }) {
      if (store === 'postgres' && !application.dependsOn('@nestjs/typeorm')) {
        throw new Refusal(
          'Sessions in Postgres need a TypeOrmModule, and package.json does not have @nestjs/typeorm. Set that up first.',
        );
      }
      const tables = store === 'postgres' ? addTables(application) : [];
      const source = application.read(file);
      application.change(imported(withEntry(source, metadataOf(source, name), 'imports', code), imports));
      if (client && !application.dependsOn(client[0])) application.addDependency(...client);
      return [`${file} keeps sessions in ${store}.`, ABOUT_SECRETS, ABOUT_HTTPS, ...notes, ...tables];
    },
  };
}
