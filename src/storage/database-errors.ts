// What can go wrong in the database, in the operator's words: refused at start, not storing now, or a rule of the schema broken.

import { MatrixError } from '../protocol/errors/matrix-error.ts';

/** The server must not start on this database. The message says why, `remedy` what the operator can do. */
export class DatabaseRefused extends Error {
  readonly remedy: string;

  constructor(why: string, remedy: string, cause?: unknown) {
    super(`${why} ${remedy}`, { cause });
    this.name = 'DatabaseRefused';
    this.remedy = remedy;
  }
}

export type StorageTrouble = 'full' | 'read-only' | 'io' | 'damaged' | 'busy' | 'unreachable' | 'overloaded' | 'closed';

export interface StorageErrorDetails {
  readonly trouble: StorageTrouble;
  /** For the operator; never sent to clients. */
  readonly why: string;
  readonly remedy: string;
  /** True when the connection broke during a commit: the write may or may not be on disk. */
  readonly outcomeUnknown?: boolean;
  readonly cause?: unknown;
}

/** The database cannot serve now. Callers answer 503 and may try again. */
export class StorageError extends MatrixError {
  readonly trouble: StorageTrouble;
  readonly why: string;
  readonly remedy: string;
  readonly outcomeUnknown: boolean;

  constructor(details: StorageErrorDetails) {
    super(503, 'M_UNKNOWN', 'The server cannot reach its storage at the moment', {
      headers: { 'Retry-After': '5' },
      cause: details.cause,
    });
    this.name = 'StorageError';
    this.trouble = details.trouble;
    this.why = details.why;
    this.remedy = details.remedy;
    this.outcomeUnknown = details.outcomeUnknown ?? false;
  }
}

export type ConstraintKind = 'unique' | 'foreign-key' | 'not-null' | 'check' | 'other';

export interface BrokenConstraint {
  readonly kind: ConstraintKind;
  /** SQLite does not say it for foreign keys and checks. */
  readonly table: string | undefined;
  /** The columns of a unique or not-null constraint; empty where the engine does not say. */
  readonly columns: readonly string[];
  /** The name of the constraint, where the engine says it. */
  readonly constraint: string | undefined;
}

/** A rule of the schema was broken; the writer that broke it has written nothing. */
export class ConstraintError extends Error {
  readonly broken: BrokenConstraint;

  constructor(message: string, broken: BrokenConstraint, cause?: unknown) {
    super(message, { cause });
    this.name = 'ConstraintError';
    this.broken = broken;
  }
}

export const storageOverloaded = (waiting: number): StorageError =>
  new StorageError({
    trouble: 'overloaded',
    why: `${waiting} writes are waiting for the disk.`,
    remedy: 'The disk is slower than the load; see the write latency in the metrics.',
  });

export const storageClosed = (): StorageError =>
  new StorageError({
    trouble: 'closed',
    why: 'The database is closed.',
    remedy: 'The server is stopping; start it again.',
  });
