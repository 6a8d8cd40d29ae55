// The database for more than one small machine: PostgreSQL, with the same group commit on one connection and pooled readers.

import type pg from 'pg';
import { systemClock } from '../../lib/clock.ts';
import { CommitListeners } from '../batch/commit-listeners.ts';
import { WriteQueue } from '../batch/write-queue.ts';
import type { Database } from '../database.ts';
import { StorageError } from '../database-errors.ts';
import { postgresDialect } from '../dialects/postgres.ts';
import { migrations as allMigrations } from '../migrations/index.ts';
import type { Migration } from '../migrations/migration.ts';
import { probe } from '../stores/probe.ts';
import { DatabaseHold } from './database-hold.ts';
import { PostgresEngine } from './postgres-engine.ts';
import { prepareDatabase } from './prepare-database.ts';
import { ReaderPool } from './reader-pool.ts';
import { valueTypes } from './value-types.ts';

export interface PostgresOptions {
  readonly url: string;
  /** Connections for reads; one more is for writes, and one keeps other servers off. */
  readonly readersMax?: number;
  /** Other migrations than the server's, for tests. */
  readonly migrations?: readonly Migration[];
  /** How long a server that was just stopped or killed may take to let the database go. */
  readonly waitMs?: number;
}

const CONNECT_TIMEOUT_MS = 10_000;
const WAIT_MS = 5000;
/** A statement that takes longer is taken for a lost connection. */
const QUERY_TIMEOUT_MS = 60_000;

/** Until it is known whether a commit succeeded, what it brought about is told to nobody. */
const ASK_AGAIN_MS = 100;

const settleDoubt = async (queue: WriteQueue, engine: PostgresEngine): Promise<void> => {
  while (engine.isInDoubt && !queue.isClosed) {
    await queue.write(probe, undefined).catch(() => {});
    if (engine.isInDoubt) await systemClock.sleep(ASK_AGAIN_MS);
  }
};

const wroteMeanwhile = (): StorageError =>
  new StorageError({
    trouble: 'busy',
    why: 'Another server has written to the database while this one could not reach it.',
    remedy: 'Start this server again: what it has in memory is not true any more.',
  });

/** Throws DatabaseRefused with a remedy when the database cannot or must not be used. */
export const openPostgres = async (options: PostgresOptions): Promise<Database> => {
  const { url, readersMax, migrations = allMigrations, waitMs = WAIT_MS } = options;
  const config: pg.ClientConfig = {
    connectionString: url,
    types: valueTypes,
    keepAlive: true,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    application_name: 'kintsugi',
  };
  const pipelined = { ...config, pipeline: true, query_timeout: QUERY_TIMEOUT_MS };
  const listeners = new CommitListeners();
  let head = 0;
  await using opened = new AsyncDisposableStack();
  const hold = opened.use(new DatabaseHold({ config, waitMs, onLost: () => engine.connectAnew() }));
  const engine = opened.use(
    new PostgresEngine(pipelined, {
      mayConnect: () => hold.keep(),
      doubted: () => void settleDoubt(queue, engine),
      connected(stored, unheard) {
        if (stored > Math.max(head, unheard?.head ?? 0)) throw wroteMeanwhile();
        if (!unheard) return;
        head = unheard.head;
        listeners.tell(unheard);
      },
    }),
  );
  // Without the limit of time: migrations take what they need.
  const headAtOpen = await prepareDatabase(hold, migrations);
  head = headAtOpen;
  const readers = opened.use(new ReaderPool({ ...pipelined, max: readersMax ?? 8 }));
  const queue = opened.use(
    new WriteQueue(engine, (result) => {
      head = Math.max(head, result.head ?? 0);
      listeners.tell({ head, changes: result.changes });
    }),
  );
  const life = opened.move();
  return {
    dialect: postgresDialect,
    headAtOpen,
    read: (work) => readers.read(work),
    write: (writer, args) => queue.write(writer, args),
    onCommit: (listener) => listeners.add(listener),
    [Symbol.asyncDispose]: () => life.disposeAsync(),
  };
};
