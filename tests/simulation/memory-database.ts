// A database in memory and in this thread, for servers that live and die by the dozen. The same engine, writers and migrations as
// the embedded one; what is missing is the disk.

import { DatabaseSync } from 'node:sqlite';
import { CommitListeners } from '../../src/storage/batch/commit-listeners.ts';
import { WriteQueue } from '../../src/storage/batch/write-queue.ts';
import type { Database, ReadTx, SqlValue } from '../../src/storage/database.ts';
import { sqliteColumnTypes, sqliteDialect } from '../../src/storage/dialects/sqlite.ts';
import { migrations } from '../../src/storage/migrations/index.ts';
import { type MigrationTarget, runMigrations } from '../../src/storage/migrations/run-migrations.ts';
import { SqliteConnection } from '../../src/storage/sqlite/sqlite-connection.ts';
import { SqliteEngine } from '../../src/storage/sqlite/sqlite-engine.ts';

const migrationTarget = (connection: SqliteConnection): MigrationTarget => ({
  columnTypes: sqliteColumnTypes,
  tables: async () => [],
  all: async <R>(sql: string) => connection.all<R>(sql, []),
  execute: async (sql) => connection.execute(sql),
  transaction: (work) => work(),
  snapshot: async () => undefined,
});

/** One user of the connection at a time: it has one transaction. */
class Turns {
  #last: Promise<void> = Promise.resolve();

  async take(): Promise<() => void> {
    const before = this.#last;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last = promise;
    await before;
    return resolve;
  }
}

class TakingTurns extends SqliteEngine {
  readonly #turns: Turns;
  #end: () => void = () => undefined;

  constructor(connection: SqliteConnection, turns: Turns) {
    super(connection);
    this.#turns = turns;
  }

  override async begin(): Promise<void> {
    this.#end = await this.#turns.take();
    await super.begin();
  }

  override async commit(): Promise<void> {
    await super.commit();
    this.#end();
  }

  override async rollback(): Promise<void> {
    await super.rollback();
    this.#end();
  }
}

/** What outlives a server's death. */
export interface Disk {
  /** Opened anew for each life of its server. */
  open(isAlive: () => boolean): Database;
  /** All that is on it, for another disk. */
  copy(): Uint8Array;
  close(): void;
}

const readTx = (connection: SqliteConnection): ReadTx => ({
  dialect: sqliteDialect,
  all: async <R>(sql: string, ...params: SqlValue[]) => connection.all<R>(sql, params),
  get: async <R>(sql: string, ...params: SqlValue[]) => connection.get<R>(sql, params),
});

const openOn = (connection: SqliteConnection, turns: Turns, isAlive: () => boolean): Database => {
  const never = new Promise<never>(() => undefined);
  const listeners = new CommitListeners();
  const row = connection.get<{ value: number }>('SELECT value FROM stream_head WHERE id = 1', []);
  let head = row?.value ?? 0;
  const engine = new TakingTurns(connection, turns);
  const queue = new WriteQueue(engine, (result) => {
    head = result.head ?? head;
    if (isAlive()) listeners.tell({ head, changes: result.changes });
  });
  return {
    dialect: sqliteDialect,
    headAtOpen: head,
    // A dead server neither reads nor writes, nor hears that it has.
    async read(work) {
      if (!isAlive()) return never;
      const end = await turns.take();
      try {
        return await work(readTx(connection));
      } finally {
        end();
      }
    },
    async write(writer, args) {
      if (!isAlive()) return never;
      const result = await queue.write(writer, structuredClone(args));
      return isAlive() ? result : never;
    },
    onCommit: (listener) => listeners.add(listener),
    [Symbol.asyncDispose]: () => queue[Symbol.asyncDispose](),
  };
};

const migrate = async (): Promise<Uint8Array> => {
  const sqlite = new DatabaseSync(':memory:');
  await runMigrations(migrationTarget(new SqliteConnection(sqlite)), migrations);
  const empty = sqlite.serialize();
  sqlite.close();
  return empty;
};

let migrated: Promise<Uint8Array> | undefined;

/** Empty, or a copy of another. */
export const memoryDisk = async (contents?: Uint8Array): Promise<Disk> => {
  migrated ??= migrate();
  const sqlite = new DatabaseSync(':memory:');
  sqlite.deserialize(contents ?? (await migrated));
  const connection = new SqliteConnection(sqlite);
  const turns = new Turns();
  return {
    open: (isAlive) => openOn(connection, turns, isAlive),
    copy: () => sqlite.serialize(),
    close: () => sqlite.close(),
  };
};
