// Picks the engine by the configured database: `sqlite`, or the URL of a PostgreSQL database.

import type { Database } from './database.ts';
import { openPostgres } from './postgres/open-postgres.ts';
import { openSqlite } from './sqlite/open-sqlite.ts';

export interface DatabaseOptions {
  /** `sqlite`, or a postgres:// or postgresql:// URL. */
  readonly database: string;
  /** Where SQLite keeps its file. */
  readonly directory: string;
}

/** Throws DatabaseRefused with a remedy when the database cannot or must not be used. */
export const openDatabase = ({ database, directory }: DatabaseOptions): Promise<Database> =>
  database === 'sqlite' ? openSqlite({ directory }) : openPostgres({ url: database });
