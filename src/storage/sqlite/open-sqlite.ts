// The embedded database: one file, a writer thread with group commit, and readers in process.

import { join, resolve } from 'node:path';
import { CommitListeners } from '../batch/commit-listeners.ts';
import type { Database, Writer } from '../database.ts';
import { sqliteDialect } from '../dialects/sqlite.ts';
import { migrations as allMigrations } from '../migrations/index.ts';
import type { Migration } from '../migrations/migration.ts';
import { lockDatabase, prepareDirectory } from './data-directory.ts';
import { prepareFile } from './prepare-file.ts';
import { ReaderPool } from './reader-pool.ts';
import { WriterThread } from './writer-thread.ts';

export interface SqliteOptions {
  /** The file kintsugi.db in it is the database. Made when it is not there. */
  readonly directory: string;
  /** URLs of further modules with writers, for tests. */
  readonly writerModules?: readonly string[];
  /** Other migrations than the server's, for tests. */
  readonly migrations?: readonly Migration[];
}

/** Throws DatabaseRefused with a remedy when the directory or the file cannot or must not be used. */
export const openSqlite = async (options: SqliteOptions): Promise<Database> => {
  const file = join(resolve(options.directory), 'kintsugi.db');
  await using opened = new AsyncDisposableStack();
  prepareDirectory(file);
  opened.use(lockDatabase(file));
  const headAtOpen = await prepareFile(file, options.migrations ?? allMigrations);
  const listeners = new CommitListeners();
  const writer = new WriterThread({ file, writerModules: options.writerModules ?? [] }, headAtOpen, listeners);
  await writer.start();
  // Closed from the last to the first: no more writes, no more reads, then the writer can move the whole log into the file.
  opened.use(writer);
  const readers = opened.use(new ReaderPool(file));
  opened.defer(() => writer.drain());
  const life = opened.move();
  return {
    dialect: sqliteDialect,
    headAtOpen,
    read: (work) => readers.read(work),
    write: <A, R>({ name }: Writer<A, R>, args: A) => writer.write(name, args) as Promise<R>,
    onCommit: (listener) => listeners.add(listener),
    [Symbol.asyncDispose]: () => life.disposeAsync(),
  };
};
