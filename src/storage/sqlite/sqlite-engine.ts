// Group commit on SQLite, inside the writer thread. The methods are async in form only: every call is done when it returns.

import type { BatchEngine } from '../batch/batch-engine.ts';
import type { Commit, SqlValue } from '../database.ts';
import { sqliteDialect } from '../dialects/sqlite.ts';
import type { SqliteConnection } from './sqlite-connection.ts';

export class SqliteEngine implements BatchEngine {
  readonly dialect = sqliteDialect;
  readonly #connection: SqliteConnection;
  /** This process alone writes, so the head is read again only after a rollback. */
  #head: number | undefined;
  readonly #committing: ((news: Commit) => void) | undefined;

  /** `committing` is told what there will be to tell of a commit, before it is made. */
  constructor(connection: SqliteConnection, committing?: (news: Commit) => void) {
    this.#connection = connection;
    this.#committing = committing;
  }

  async begin(): Promise<void> {
    this.#connection.run('BEGIN IMMEDIATE', []);
  }

  async commit(news?: Commit): Promise<void> {
    if (news) this.#committing?.(news);
    this.#connection.run('COMMIT', []);
  }

  async rollback(): Promise<void> {
    this.#head = undefined;
    // A full disk or an I/O error has ended the transaction already.
    if (this.#connection.isInTransaction) this.#connection.run('ROLLBACK', []);
  }

  async savepoint(): Promise<void> {
    this.#connection.run('SAVEPOINT writer', []);
  }

  async releaseSavepoint(): Promise<void> {
    this.#connection.run('RELEASE writer', []);
  }

  async rollbackToSavepoint(): Promise<void> {
    this.#connection.run('ROLLBACK TO writer', []);
    this.#connection.run('RELEASE writer', []);
  }

  async all<R>(sql: string, params: readonly SqlValue[]): Promise<R[]> {
    return this.#connection.all<R>(sql, params);
  }

  async get<R>(sql: string, params: readonly SqlValue[]): Promise<R | undefined> {
    return this.#connection.get<R>(sql, params);
  }

  async run(sql: string, params: readonly SqlValue[]): Promise<number> {
    return this.#connection.run(sql, params);
  }

  async runMany(sql: string, rows: readonly (readonly SqlValue[])[]): Promise<void> {
    this.#connection.runMany(sql, rows);
  }

  async lockHead(): Promise<number> {
    this.#head ??= this.#connection.get<{ value: number }>('SELECT value FROM stream_head WHERE id = 1', [])?.value;
    if (this.#head === undefined) throw new Error('The table stream_head has no row');
    return this.#head;
  }

  async storeHead(head: number): Promise<void> {
    this.#connection.run('UPDATE stream_head SET value = ? WHERE id = 1', [head]);
    this.#head = head;
  }
}
