// One connection to the SQLite file with its prepared statements, for a reader or for the writer thread.

import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { SqlValue } from '../database.ts';
import { sqliteError } from './sqlite-error.ts';

const STATEMENTS_MAX = 1_000;

export class SqliteConnection {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  get isInTransaction(): boolean {
    return this.#db.isTransaction;
  }

  all<R>(sql: string, params: readonly SqlValue[]): R[] {
    try {
      return this.#statement(sql).all(...params) as R[];
    } catch (error) {
      throw sqliteError(error, sql);
    }
  }

  get<R>(sql: string, params: readonly SqlValue[]): R | undefined {
    try {
      return this.#statement(sql).get(...params) as R | undefined;
    } catch (error) {
      throw sqliteError(error, sql);
    }
  }

  run(sql: string, params: readonly SqlValue[]): number {
    try {
      return Number(this.#statement(sql).run(...params).changes);
    } catch (error) {
      throw sqliteError(error, sql);
    }
  }

  runMany(sql: string, rows: readonly (readonly SqlValue[])[]): void {
    try {
      const statement = this.#statement(sql);
      for (const row of rows) statement.run(...row);
    } catch (error) {
      throw sqliteError(error, sql);
    }
  }

  /** Runs SQL that is not worth preparing, possibly several statements. */
  execute(sql: string): void {
    try {
      this.#db.exec(sql);
    } catch (error) {
      throw sqliteError(error, sql);
    }
  }

  close(): void {
    this.#statements.clear();
    this.#db.close();
  }

  #statement(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    if (this.#statements.size >= STATEMENTS_MAX) {
      for (const oldest of this.#statements.keys()) {
        this.#statements.delete(oldest);
        break;
      }
    }
    const statement = this.#db.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}

const BUSY_TIMEOUT_MS = 5_000;

/** The one connection that writes. WAL with synchronous=FULL: a commit is on disk when COMMIT returns. */
export const openWritable = (file: string): SqliteConnection => {
  const connection = new SqliteConnection(new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS }));
  connection.execute('PRAGMA synchronous = FULL');
  connection.execute('PRAGMA foreign_keys = ON');
  connection.execute('PRAGMA wal_autocheckpoint = 8000');
  connection.execute('PRAGMA journal_size_limit = 67108864');
  connection.execute('PRAGMA cache_size = -65536');
  connection.execute('PRAGMA temp_store = MEMORY');
  return connection;
};

export const openReadable = (file: string): SqliteConnection => {
  const connection = new SqliteConnection(new DatabaseSync(file, { readOnly: true, timeout: BUSY_TIMEOUT_MS }));
  connection.execute('PRAGMA cache_size = -16384');
  connection.execute('PRAGMA temp_store = MEMORY');
  return connection;
};
