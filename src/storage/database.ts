// The database as the rest of the server sees it, the same for SQLite and PostgreSQL.
// `read` gives one consistent snapshot; `write` runs a named writer inside a group commit and resolves once it is on disk.

/** What SQL parameters and columns hold. Integers come back as numbers (never bigint); blobs as Uint8Array. */
export type SqlValue = string | number | null | Uint8Array;

/** Everything in which the two engines' SQL differs, by name. Statements use `?` placeholders on both. */
export interface Dialect {
  readonly engine: 'sqlite' | 'postgres';
  /** SQL for "column is one of a list of integers"; pass `list(values)` as its one parameter. */
  anyInt(column: string): string;
  /** SQL for "column is one of a list of texts"; pass `list(values)` as its one parameter. */
  anyText(column: string): string;
  /**
   * A list of texts to select FROM, each one row of `given.value`: pass `list(values)` as its one parameter. Where each has to be
   * looked up it costs a third of anyText, which sorts them first; but what stands in the list twice is found twice.
   */
  readonly givenTexts: string;
  /** Encodes the one parameter of these. */
  list(values: readonly (number | string)[]): SqlValue;
}

export interface ReadTx {
  readonly dialect: Dialect;
  all<R>(sql: string, ...params: SqlValue[]): Promise<R[]>;
  get<R>(sql: string, ...params: SqlValue[]): Promise<R | undefined>;
}

/** Who can see a change: everybody in a room (and users outside it, e.g. invited ones), one user, or everybody in some rooms. */
export type Audience =
  | { readonly room: number; readonly users?: readonly number[] }
  | { readonly user: number }
  | { readonly rooms: readonly number[] };

export interface WriteTx extends ReadTx {
  /** Returns the number of rows changed. */
  run(sql: string, ...params: SqlValue[]): Promise<number>;
  /** Runs one statement for each row of parameters, in order; on PostgreSQL pipelined. */
  runMany(sql: string, rows: readonly (readonly SqlValue[])[]): Promise<void>;
  /**
   * The next global stream position; the audience is woken once this transaction is committed. Positions have no gaps but
   * those made on purpose: `free` positions below the new one are left to history that is fetched later.
   */
  nextPosition(audience: Audience, free?: number): Promise<number>;
}

/**
 * A named transaction body. It runs inside the writer thread (SQLite) and may run again when another writer of
 * the same batch failed, so it has no effects but those on `tx`; arguments and result must survive structured cloning.
 * Errors it throws reach the caller of `write`; a MatrixError keeps its class.
 */
export interface Writer<A, R> {
  readonly kind: 'writer';
  readonly name: string;
  run(tx: WriteTx, args: A): Promise<R>;
}

export const writer = <A, R>(name: string, run: (tx: WriteTx, args: A) => Promise<R>): Writer<A, R> => ({
  kind: 'writer',
  name,
  run,
});

export interface Change {
  readonly position: number;
  readonly audience: Audience;
}

/** One durable batch: told to listeners after it is on disk and before its callers' promises resolve. */
export interface Commit {
  /** The highest position that is committed. Everything up to it is readable. */
  readonly head: number;
  readonly changes: readonly Change[];
}

export interface Database extends AsyncDisposable {
  readonly dialect: Dialect;
  /** Runs `work` on one consistent snapshot. `work` awaits nothing but `tx`. */
  read<T>(work: (tx: ReadTx) => Promise<T>): Promise<T>;
  write<A, R>(writer: Writer<A, R>, args: A): Promise<R>;
  onCommit(listener: (commit: Commit) => void): void;
  /** The head position at opening; later heads come through onCommit. */
  readonly headAtOpen: number;
}
