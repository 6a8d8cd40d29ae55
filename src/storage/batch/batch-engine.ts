// What a group commit needs of an engine. Its methods throw ConstraintError, StorageError or the engine's own error.

import type { Commit, Dialect, SqlValue } from '../database.ts';

export interface BatchEngine {
  readonly dialect: Dialect;
  begin(): Promise<void>;
  /**
   * `news`: what there is to tell of it, undefined when it assigned no position. After a StorageError with `outcomeUnknown` the
   * batch may or may not be on disk; an engine that finds out later that it is tells the news itself.
   */
  commit(news?: Commit): Promise<void>;
  /** Also forgives a transaction that the engine has ended by itself. */
  rollback(): Promise<void>;
  savepoint(): Promise<void>;
  releaseSavepoint(): Promise<void>;
  rollbackToSavepoint(): Promise<void>;
  all<R>(sql: string, params: readonly SqlValue[]): Promise<R[]>;
  get<R>(sql: string, params: readonly SqlValue[]): Promise<R | undefined>;
  run(sql: string, params: readonly SqlValue[]): Promise<number>;
  runMany(sql: string, rows: readonly (readonly SqlValue[])[]): Promise<void>;
  /** The last committed position; no other process assigns one until this transaction ends. */
  lockHead(): Promise<number>;
  storeHead(head: number): Promise<void>;
}
