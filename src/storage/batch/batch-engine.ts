// What a group commit needs of an engine. Its methods throw ConstraintError, StorageError or the engine's own error.

import type { Dialect, SqlValue } from '../database.ts';

export interface BatchEngine {
  readonly dialect: Dialect;
  begin(): Promise<void>;
  /** After a StorageError with `outcomeUnknown` the batch may or may not be on disk. */
  commit(): Promise<void>;
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
