// Picks the engine by the configured database: `sqlite`, or the URL of a PostgreSQL database.

import type { Database } from './database.ts';
import { openSqlite } from './sqlite/open-sqlite.ts';

export interface DatabaseOptions {
  /** `sqlite`, or a postgres:// or postgresql:// URL. */
  readonly database: string;
  /** Where SQLite keeps its file. */
  readonly directory: string;
}

/** Throws DatabaseRefused with a remedy when the database cannot or must not be used. */
export const openDatabase = async ({ database, directory }: DatabaseOptions): Promise<Database> => {
  if (database === 'sqlite') return openSqlite({ directory });
  // Loaded where it is used, as it takes a tenth of the time to start.
  const { openPostgres } = await import('./postgres/open-postgres.ts');
  return openPostgres({ url: database });
};
