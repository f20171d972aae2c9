import { DataSource } from 'typeorm';
import { databaseOptions } from './src/database.options.js';

/**
 * The shop's database for TypeORM's command line, which needs something to read TypeScript with. After a build:
 *
 *     DATABASE_URL=postgres://… npx tsx node_modules/typeorm/cli.js migration:show -d ormconfig.ts
 */
export default new DataSource(databaseOptions(process.env['DATABASE_URL']));
