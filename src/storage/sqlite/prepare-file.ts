// Makes the SQLite file ready at opening: WAL, this server's own, and at the newest schema. A snapshot goes before each upgrade.

import { closeSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseRefused, StorageError } from '../database-errors.ts';
import { sqliteColumnTypes } from '../dialects/sqlite.ts';
import type { Migration } from '../migrations/migration.ts';
import { type MigrationTarget, runMigrations } from '../migrations/run-migrations.ts';
import { openWritable, type SqliteConnection } from './sqlite-connection.ts';

const syncToDisk = (path: string): void => {
  const descriptor = openSync(path, 'r');
  fsyncSync(descriptor);
  closeSync(descriptor);
};

/** Whole and on disk under its final name, or not there at all. */
const writeSnapshot = (connection: SqliteConnection, file: string, schema: number): void => {
  const snapshot = `${file}.schema-${schema}`;
  const partial = `${snapshot}.partial`;
  rmSync(partial, { force: true });
  connection.run('VACUUM INTO ?', [partial]);
  syncToDisk(partial);
  renameSync(partial, snapshot);
  syncToDisk(dirname(file));
};

const migrationTarget = (connection: SqliteConnection, file: string): MigrationTarget => {
  let holdsData = false;
  const assertReferences = (): void => {
    const broken = connection.all<{ table: string; parent: string }>('PRAGMA foreign_key_check', [])[0];
    if (broken !== undefined) throw new Error(`A migration broke references from ${broken.table} to ${broken.parent}`);
  };
  return {
    columnTypes: sqliteColumnTypes,
    async tables() {
      const tables = connection.all<{ name: string }>("SELECT name FROM sqlite_schema WHERE type = 'table'", []);
      return tables.map(({ name }) => name);
    },
    all: async <R>(sql: string) => connection.all<R>(sql, []),
    execute: async (sql) => connection.execute(sql),
    async transaction(work) {
      connection.execute('BEGIN IMMEDIATE');
      try {
        await work();
        if (holdsData) assertReferences();
        connection.execute('COMMIT');
      } catch (error) {
        if (connection.isInTransaction) connection.execute('ROLLBACK');
        throw error;
      }
    },
    async snapshot(schema) {
      holdsData = true;
      writeSnapshot(connection, file, schema);
    },
  };
};

const refusal = (error: unknown, file: string): unknown =>
  error instanceof StorageError ? new DatabaseRefused(`${file}: ${error.why}`, error.remedy, error) : error;

/** Returns the head of the stream. Throws DatabaseRefused when the file cannot or must not be used. */
export const prepareFile = async (file: string, migrations: readonly Migration[]): Promise<number> => {
  let connection: SqliteConnection | undefined;
  try {
    connection = openWritable(file);
    const mode = connection.get<{ journal_mode: string }>('PRAGMA journal_mode = WAL', [])?.journal_mode;
    if (mode !== 'wal') {
      throw new DatabaseRefused(
        `The file system of ${file} does not support a write-ahead log.`,
        'Put the data directory on a local file system.',
      );
    }
    // Rebuilding a table drops the old one, which must not delete what refers to it; the references are checked after.
    connection.execute('PRAGMA foreign_keys = OFF');
    await runMigrations(migrationTarget(connection, file), migrations);
    return connection.get<{ value: number }>('SELECT value FROM stream_head WHERE id = 1', [])?.value ?? 0;
  } catch (error) {
    throw refusal(error, file);
  } finally {
    connection?.close();
  }
};
