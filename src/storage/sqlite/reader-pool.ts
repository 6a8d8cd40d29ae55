// Reads of SQLite, in process: a read has a connection of its own, and so a snapshot of its own, until its work is done.

import type { Dialect, ReadTx, SqlValue } from '../database.ts';
import { storageClosed } from '../database-errors.ts';
import { sqliteDialect } from '../dialects/sqlite.ts';
import { assertStorable } from '../text.ts';
import { openReadable, type SqliteConnection } from './sqlite-connection.ts';

/** Reads never leave the thread, so they interleave only between promises; a few connections are plenty. */
const READERS_MAX = 4;

class SqliteReadTx implements ReadTx {
  readonly dialect: Dialect = sqliteDialect;
  readonly #connection: SqliteConnection;
  isOver = false;

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  async all<R>(sql: string, ...params: SqlValue[]): Promise<R[]> {
    this.#before(params);
    return this.#connection.all<R>(sql, params);
  }

  async get<R>(sql: string, ...params: SqlValue[]): Promise<R | undefined> {
    this.#before(params);
    return this.#connection.get<R>(sql, params);
  }

  #before(params: readonly SqlValue[]): void {
    if (this.isOver) throw new Error('The snapshot is gone: a read used it after it had returned');
    assertStorable(params);
  }
}

export class ReaderPool implements AsyncDisposable {
  readonly #file: string;
  /** Used last in, first out: the warmest cache first. */
  readonly #idle: SqliteConnection[] = [];
  readonly #waiting: ((connection: SqliteConnection) => void)[] = [];
  #opened = 0;
  #isClosed = false;
  #allIdle: (() => void) | undefined;

  constructor(file: string) {
    this.#file = file;
  }

  async read<T>(work: (tx: ReadTx) => Promise<T>): Promise<T> {
    if (this.#isClosed) throw storageClosed();
    const connection = this.#idle.pop() ?? this.#open() ?? (await this.#nextIdle());
    const tx = new SqliteReadTx(connection);
    try {
      connection.run('BEGIN', []);
      return await work(tx);
    } finally {
      tx.isOver = true;
      if (connection.isInTransaction) connection.run('COMMIT', []);
      this.#release(connection);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    if (this.#idle.length < this.#opened) await new Promise<void>((resolve) => (this.#allIdle = resolve));
    for (const connection of this.#idle) connection.close();
    this.#idle.length = 0;
  }

  #open(): SqliteConnection | undefined {
    if (this.#opened >= READERS_MAX) return undefined;
    const connection = openReadable(this.#file);
    this.#opened += 1;
    return connection;
  }

  #nextIdle(): Promise<SqliteConnection> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #release(connection: SqliteConnection): void {
    const next = this.#waiting.shift();
    if (next !== undefined) {
      next(connection);
      return;
    }
    this.#idle.push(connection);
    if (this.#idle.length === this.#opened) this.#allIdle?.();
  }
}
