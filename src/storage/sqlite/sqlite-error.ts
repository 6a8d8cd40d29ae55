// Turns what node:sqlite throws into the errors the server knows. Result codes: https://sqlite.org/rescode.html

import { ConstraintError, type ConstraintKind, StorageError, type StorageTrouble } from '../database-errors.ts';

const SQLITE_CONSTRAINT = 19;

const constraintKinds: Readonly<Record<number, ConstraintKind>> = {
  275: 'check',
  787: 'foreign-key',
  1299: 'not-null',
  1555: 'unique',
  2067: 'unique',
  2579: 'unique',
};

interface Trouble {
  readonly trouble: StorageTrouble;
  readonly why: string;
  readonly remedy: string;
}

const damaged: Trouble = {
  trouble: 'damaged',
  why: 'The database file is damaged.',
  remedy: 'Stop the server, keep a copy of the data directory, and run the doctor or restore a backup.',
};

/** By primary result code. */
const troubles: Readonly<Record<number, Trouble>> = {
  5: {
    trouble: 'busy',
    why: 'Another program holds a lock on the database file.',
    remedy: 'Close programs that have the file open, such as a database shell in a transaction.',
  },
  8: {
    trouble: 'read-only',
    why: 'The database file cannot be written.',
    remedy: 'See whether its file system was remounted read-only (often after a disk error) and who owns the file.',
  },
  10: {
    trouble: 'io',
    why: 'The disk reported an error.',
    remedy: 'See the system log for disk errors, and check that a fresh backup exists.',
  },
  11: damaged,
  13: { trouble: 'full', why: 'The disk is full.', remedy: 'Free space on the file system of the data directory.' },
  14: {
    trouble: 'io',
    why: 'The database file cannot be opened.',
    remedy: 'See that the data directory exists and belongs to the user the server runs as.',
  },
  26: damaged,
};

interface SqliteFailure extends Error {
  readonly errcode: number;
}

const isSqliteFailure = (error: unknown): error is SqliteFailure =>
  error instanceof Error && 'errcode' in error && typeof error.errcode === 'number';

/** SQLite names the columns as "UNIQUE constraint failed: users.name, users.server", or the constraint itself. */
const constraintError = (failure: SqliteFailure): ConstraintError => {
  const subject = /constraint failed: (.+)$/.exec(failure.message)?.[1] ?? '';
  const columns = subject.split(', ').flatMap((name) => {
    const column = /^(\w+)\.(\w+)$/.exec(name);
    return column === null ? [] : [{ table: column[1], column: column[2] ?? '' }];
  });
  return new ConstraintError(
    failure.message,
    {
      kind: constraintKinds[failure.errcode] ?? 'other',
      table: columns[0]?.table,
      columns: columns.map(({ column }) => column),
      constraint: columns.length === 0 && subject !== '' ? subject : undefined,
    },
    failure,
  );
};

/** Anything but constraints and storage trouble is a mistake in the SQL, so the statement is named. */
export const sqliteError = (error: unknown, sql: string): unknown => {
  if (!isSqliteFailure(error)) return error;
  const primary = error.errcode & 0xff;
  if (primary === SQLITE_CONSTRAINT) return constraintError(error);
  const trouble = troubles[primary];
  if (trouble !== undefined) return new StorageError({ ...trouble, cause: error });
  return new Error(`${error.message}, in: ${sql}`, { cause: error });
};
