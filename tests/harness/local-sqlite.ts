// SQLite for tests of what stands above it, where many databases are opened: each begins as a copy of one that was migrated once,
// and the writer works in this thread. All else is the engine that the server uses. Contract tests use that as it is, upon the same copy.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CommitListeners } from '../../src/storage/batch/commit-listeners.ts';
import { WriteQueue } from '../../src/storage/batch/write-queue.ts';
import type { Database, Writer } from '../../src/storage/database.ts';
import { sqliteDialect } from '../../src/storage/dialects/sqlite.ts';
import { migrations } from '../../src/storage/migrations/index.ts';
import { prepareFile } from '../../src/storage/sqlite/prepare-file.ts';
import { ReaderPool } from '../../src/storage/sqlite/reader-pool.ts';
import { openWritable } from '../../src/storage/sqlite/sqlite-connection.ts';
import { SqliteEngine } from '../../src/storage/sqlite/sqlite-engine.ts';

export const makeTestDirectory = (): string => mkdtempSync(join(tmpdir(), 'kintsugi-sqlite-'));

interface Migrated {
  readonly file: Buffer;
  readonly head: number;
}

const migrate = async (): Promise<Migrated> => {
  const directory = makeTestDirectory();
  const path = join(directory, 'kintsugi.db');
  const head = await prepareFile(path, migrations);
  const file = readFileSync(path);
  rmSync(directory, { recursive: true, force: true });
  return { file, head };
};

let migrated: Promise<Migrated> | undefined;

/** Puts an empty database into `directory`. */
export const placeMigratedFile = async (
  directory: string,
): Promise<{ readonly path: string; readonly head: number }> => {
  migrated ??= migrate();
  const { file, head } = await migrated;
  const path = join(directory, 'kintsugi.db');
  writeFileSync(path, file);
  return { path, head };
};

/** An empty database in `directory`. */
export const openLocalSqlite = async (directory: string): Promise<Database> => {
  const { path, head: headAtOpen } = await placeMigratedFile(directory);
  const connection = openWritable(path);
  // Nobody looks at it after a crash of the machine.
  connection.execute('PRAGMA synchronous = OFF');
  const listeners = new CommitListeners();
  const life = new AsyncDisposableStack();
  life.defer(() => connection.close());
  const readers = life.use(new ReaderPool(path));
  let head = headAtOpen;
  const queue = life.use(
    new WriteQueue(new SqliteEngine(connection), (result) => {
      head = result.head ?? head;
      listeners.tell({ head, changes: result.changes });
    }),
  );
  return {
    dialect: sqliteDialect,
    headAtOpen,
    read: (work) => readers.read(work),
    // As between two threads: what cannot be cloned fails, and nothing is shared.
    write: async <A, R>(writer: Writer<A, R>, args: A) =>
      structuredClone(await queue.write(writer, structuredClone(args))),
    onCommit: (listener) => listeners.add(listener),
    [Symbol.asyncDispose]: () => life.disposeAsync(),
  };
};
