// The database for more than one small machine: PostgreSQL, with the same group commit on one connection and pooled readers.

import type pg from 'pg';
import { CommitListeners } from '../batch/commit-listeners.ts';
import { WriteQueue } from '../batch/write-queue.ts';
import type { Database } from '../database.ts';
import { postgresDialect } from '../dialects/postgres.ts';
import { migrations as allMigrations } from '../migrations/index.ts';
import type { Migration } from '../migrations/migration.ts';
import { PostgresEngine } from './postgres-engine.ts';
import { prepareDatabase } from './prepare-database.ts';
import { ReaderPool } from './reader-pool.ts';
import { valueTypes } from './value-types.ts';

export interface PostgresOptions {
  readonly url: string;
  /** Connections for reads; one more is for writes. */
  readonly readersMax?: number;
  /** Other migrations than the server's, for tests. */
  readonly migrations?: readonly Migration[];
}

const CONNECT_TIMEOUT_MS = 10_000;
/** A statement that takes longer is taken for a lost connection. */
const QUERY_TIMEOUT_MS = 60_000;

/** Throws DatabaseRefused with a remedy when the database cannot or must not be used. */
export const openPostgres = async ({ url, readersMax, migrations }: PostgresOptions): Promise<Database> => {
  const config: pg.ClientConfig = {
    connectionString: url,
    types: valueTypes,
    keepAlive: true,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    application_name: 'kintsugi',
  };
  // Migrations take the time they need.
  const headAtOpen = await prepareDatabase(config, migrations ?? allMigrations);
  const pipelined = { ...config, pipeline: true, query_timeout: QUERY_TIMEOUT_MS };
  const listeners = new CommitListeners();
  let head = headAtOpen;
  const life = new AsyncDisposableStack();
  const engine = life.use(
    new PostgresEngine(pipelined, (stored) => {
      if (stored <= head) return;
      head = stored;
      listeners.tell({ head, changes: [] });
    }),
  );
  const readers = life.use(new ReaderPool({ ...pipelined, max: readersMax ?? 8 }));
  const queue = life.use(
    new WriteQueue(engine, (result) => {
      head = Math.max(head, result.head ?? 0);
      listeners.tell({ head, changes: result.changes });
    }),
  );
  return {
    dialect: postgresDialect,
    headAtOpen,
    read: (work) => readers.read(work),
    write: (writer, args) => queue.write(writer, args),
    onCommit: (listener) => listeners.add(listener),
    [Symbol.asyncDispose]: () => life.disposeAsync(),
  };
};
