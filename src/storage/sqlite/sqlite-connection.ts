// One connection to the SQLite file with its prepared statements, for a reader or for the writer thread.

import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { SqlValue } from '../database.ts';
import { sqliteError } from './sqlite-error.ts';

const STATEMENTS_MAX = 1_000;

interface Prepared {
  readonly statement: StatementSync;
  readonly names: readonly string[];
  /** An object with these names, of which rows are copies: objects of one shape are several times faster to make and to read. */
  readonly empty: Readonly<Record<string, unknown>>;
}

const prepared = (statement: StatementSync): Prepared => {
  const names = statement.columns().map(({ name }) => name);
  statement.setReturnArrays(true);
  return { statement, names, empty: Object.fromEntries(names.map((name) => [name, null])) };
};

const toRow = ({ names, empty }: Prepared, values: readonly unknown[]): unknown => {
  const row = { ...empty };
  for (let index = 0; index < names.length; index++) row[names[index]!] = values[index];
  return row;
};

export class SqliteConnection {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, Prepared>();

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  get isInTransaction(): boolean {
    return this.#db.isTransaction;
  }

  all<R>(sql: string, params: readonly SqlValue[]): R[] {
    try {
      const use = this.#prepared(sql);
      const rows: unknown[] = use.statement.all(...params);
      for (let index = 0; index < rows.length; index++) rows[index] = toRow(use, rows[index] as unknown[]);
      return rows as R[];
    } catch (error) {
      throw sqliteError(error, sql);
    }
  }

  get<R>(sql: string, params: readonly SqlValue[]): R | undefined {
    try {
      const use = this.#prepared(sql);
      const values: unknown = use.statement.get(...params);
      return values === undefined ? undefined : (toRow(use, values as unknown[]) as R);
    } catch (error) {
      throw sqliteError(error, sql);
    }
  }

  run(sql: string, params: readonly SqlValue[]): number {
    try {
      return Number(this.#prepared(sql).statement.run(...params).changes);
    } catch (error) {
      throw sqliteError(error, sql);
    }
  }

  runMany(sql: string, rows: readonly (readonly SqlValue[])[]): void {
    try {
      const { statement } = this.#prepared(sql);
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

  #prepared(sql: string): Prepared {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    if (this.#statements.size >= STATEMENTS_MAX) {
      for (const oldest of this.#statements.keys()) {
        this.#statements.delete(oldest);
        break;
      }
    }
    const made = prepared(this.#db.prepare(sql));
    this.#statements.set(sql, made);
    return made;
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
  connection.execute('PRAGMA cache_size = -8192');
  connection.execute('PRAGMA temp_store = MEMORY');
  return connection;
};

export const openReadable = (file: string): SqliteConnection => {
  const connection = new SqliteConnection(new DatabaseSync(file, { readOnly: true, timeout: BUSY_TIMEOUT_MS }));
  // Each commit of the writer empties it, and what it lacks the system's own cache has.
  connection.execute('PRAGMA cache_size = -2048');
  connection.execute('PRAGMA temp_store = MEMORY');
  return connection;
};
