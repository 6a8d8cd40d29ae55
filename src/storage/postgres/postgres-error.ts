// Turns what `pg` throws into the errors the server knows. SQLSTATE codes: https://www.postgresql.org/docs/15/errcodes-appendix.html

import { ConstraintError, type ConstraintKind, StorageError, type StorageErrorDetails } from '../database-errors.ts';

interface PostgresFailure extends Error {
  /** SQLSTATE, five characters. */
  readonly code: string;
  readonly table?: string;
  readonly column?: string;
  readonly constraint?: string;
  readonly detail?: string;
}

export const isPostgresFailure = (error: unknown): error is PostgresFailure =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' && /^[0-9A-Z]{5}$/.test(error.code);

const constraintKinds: Readonly<Record<string, ConstraintKind>> = {
  '23502': 'not-null',
  '23503': 'foreign-key',
  '23505': 'unique',
  '23514': 'check',
};

type Trouble = Omit<StorageErrorDetails, 'cause'>;

const unreachable: Trouble = {
  trouble: 'unreachable',
  why: 'The connection to PostgreSQL broke or cannot be made.',
  remedy: 'See that PostgreSQL runs and takes connections; the server connects again by itself.',
};

const damaged: Trouble = {
  trouble: 'damaged',
  why: 'PostgreSQL reports damaged data.',
  remedy: "See PostgreSQL's log, and check that a fresh backup exists.",
};

const troubles: Readonly<Record<string, Trouble>> = {
  '25006': {
    trouble: 'read-only',
    why: 'PostgreSQL takes no writes: it is a standby, or read-only.',
    remedy: 'Point the server at the primary.',
  },
  '53100': {
    trouble: 'full',
    why: "PostgreSQL's disk is full.",
    remedy: 'Free space on the file system of PostgreSQL.',
  },
  '53300': {
    trouble: 'unreachable',
    why: 'PostgreSQL has no connection left.',
    remedy: 'Raise max_connections in postgresql.conf, or end other clients.',
  },
  '55P03': { trouble: 'busy', why: 'Another session holds a lock for too long.', remedy: 'See pg_stat_activity.' },
  '58030': {
    trouble: 'io',
    why: "PostgreSQL's disk reported an error.",
    remedy: 'See the system log for disk errors.',
  },
  XX001: damaged,
  XX002: damaged,
};

const constraintError = (failure: PostgresFailure): ConstraintError => {
  // "Key (name, server)=(a, b) already exists."
  const key = /^Key \(([^)]*)\)=/.exec(failure.detail ?? '')?.[1];
  const columns = failure.column !== undefined ? [failure.column] : (key?.split(', ') ?? []);
  return new ConstraintError(
    failure.message,
    {
      kind: constraintKinds[failure.code] ?? 'other',
      table: failure.table,
      columns,
      constraint: failure.constraint,
    },
    failure,
  );
};

/** Anything but constraints and storage trouble is a mistake in the SQL, so the statement is named. */
export const postgresError = (error: unknown, sql: string): unknown => {
  // Thrown by our own value parsers and by checks on parameters.
  if (error instanceof RangeError || error instanceof TypeError) return error;
  // Everything without a SQLSTATE comes from the socket.
  if (!isPostgresFailure(error)) return new StorageError({ ...unreachable, cause: error });
  if (error.code.startsWith('23')) return constraintError(error);
  const trouble = troubles[error.code];
  if (trouble !== undefined) return new StorageError({ ...trouble, cause: error });
  // 08: connection exceptions; 57P: shutdown and crash of the server.
  if (/^(08|57P)/.test(error.code)) return new StorageError({ ...unreachable, cause: error });
  return new Error(`${error.message}, in: ${sql}`, { cause: error });
};
