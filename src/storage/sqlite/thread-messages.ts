// What the main thread and the writer thread say to each other, and how errors cross between them.

import { MatrixError } from '../../protocol/errors/matrix-error.ts';
import type { Commit } from '../database.ts';
import { type BrokenConstraint, ConstraintError, StorageError, type StorageErrorDetails } from '../database-errors.ts';

export interface WriterThreadData {
  readonly file: string;
  /** Further modules with writers, beside the stores. */
  readonly writerModules: readonly string[];
}

export interface WireJob {
  readonly id: number;
  readonly writerName: string;
  readonly args: unknown;
}

export type ToWriter = { readonly kind: 'jobs'; readonly jobs: readonly WireJob[] } | { readonly kind: 'close' };

export type WireOutcome =
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  | { readonly id: number; readonly ok: false; readonly error: WireError };

export type FromWriter =
  /** `head`: the highest position in the database. */
  | { readonly kind: 'ready'; readonly head: number }
  /** What there is to tell of the commit that comes next, should it succeed. */
  | { readonly kind: 'committing'; readonly news: Commit }
  /** `head`: the highest position that was committed with these, if any was. */
  | { readonly kind: 'batch'; readonly head: number | undefined; readonly outcomes: readonly WireOutcome[] };

interface WireErrorText {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly cause: WireError | undefined;
}

export type WireError = WireErrorText &
  (
    | { readonly kind: 'storage'; readonly details: StorageErrorDetails }
    | { readonly kind: 'constraint'; readonly broken: BrokenConstraint }
    | {
        readonly kind: 'matrix';
        readonly status: number;
        readonly errcode: string;
        readonly fields: MatrixError['fields'];
        readonly headers: MatrixError['headers'];
      }
    | { readonly kind: 'other' }
  );

const CAUSES_MAX = 4;

export const encodeError = (error: unknown, depth = 0): WireError => {
  if (!(error instanceof Error)) {
    return { kind: 'other', name: 'Error', message: String(error), stack: undefined, cause: undefined };
  }
  const hasCause = error.cause !== undefined && depth < CAUSES_MAX;
  const { name, message, stack } = error;
  const text = { name, message, stack, cause: hasCause ? encodeError(error.cause, depth + 1) : undefined };
  if (error instanceof StorageError) {
    const { trouble, why, remedy, outcomeUnknown } = error;
    return { ...text, kind: 'storage', details: { trouble, why, remedy, outcomeUnknown } };
  }
  if (error instanceof ConstraintError) return { ...text, kind: 'constraint', broken: error.broken };
  if (error instanceof MatrixError) {
    const { status, errcode, fields, headers } = error;
    return { ...text, kind: 'matrix', status, errcode, fields, headers };
  }
  return { ...text, kind: 'other' };
};

const rebuildError = (wire: WireError, cause: Error | undefined): Error => {
  switch (wire.kind) {
    case 'storage':
      return new StorageError({ ...wire.details, cause });
    case 'constraint':
      return new ConstraintError(wire.message, wire.broken, cause);
    case 'matrix':
      return new MatrixError(wire.status, wire.errcode, wire.message, {
        fields: wire.fields,
        headers: wire.headers,
        cause,
      });
    case 'other':
      return new Error(wire.message, cause === undefined ? undefined : { cause });
  }
};

/** The error as it was in the writer thread, with the stack it had there. */
export const decodeError = (wire: WireError): Error => {
  const error = rebuildError(wire, wire.cause === undefined ? undefined : decodeError(wire.cause));
  error.name = wire.name;
  if (wire.stack !== undefined) error.stack = wire.stack;
  return error;
};
