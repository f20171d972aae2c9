import type { Answer } from './dialect.js';

type Done<T> = (error: Error | null, result: T) => void;

/** As much of the `mysql2` package's Pool, and of its PoolNamespace, as is used here. */
export interface MysqlPool {
  execute(sql: string, values: unknown[], done: Done<unknown>): unknown;
  getConnection(done: Done<MysqlConnection>): void;
}

export interface MysqlConnection {
  execute: MysqlPool['execute'];
  release(): void;
}

/**
 * Runs a prepared statement: its values travel beside the text. `query()` would write them into it, by an escaping that
 * the server's NO_BACKSLASH_ESCAPES mode undoes.
 */
export function execute<T>(on: Pick<MysqlPool, 'execute'>, sql: string, values: unknown[]): Promise<Answer<T>> {
  return new Promise((resolve, reject) => {
    on.execute(sql, values, (error, result) => {
      if (error) reject(error);
      else if (Array.isArray(result)) resolve({ rows: result as T[], rowCount: result.length });
      else resolve({ rows: [], rowCount: (result as { affectedRows: number }).affectedRows });
    });
  });
}

/** Runs several statements on one connection. */
export async function onConnection<T>(pool: MysqlPool, work: (connection: MysqlConnection) => Promise<T>): Promise<T> {
  const connection = await new Promise<MysqlConnection>((resolve, reject) => {
    pool.getConnection((error, found) => (error ? reject(error) : resolve(found)));
  });
  try {
    return await work(connection);
  } finally {
    connection.release();
  }
}

/**
 * MySQL quotes values in its messages (`Duplicate entry 'ada' for key …`), and an error's stack begins with its message.
 * What is left between the first quote and the last is nothing; `code` says what went wrong.
 */
export function withoutValues(error: unknown): unknown {
  const { message, sqlMessage, stack } = error as Error & { sqlMessage?: string };
  for (const name of ['sql', 'sqlMessage', 'parameters']) Reflect.deleteProperty(error as object, name);
  if (sqlMessage === undefined) return error; // not the server's
  const cut = message.replace(/'.*'/s, "'…'");
  return Object.assign(error as Error, { message: cut, stack: stack?.replace(message, () => cut) });
}
