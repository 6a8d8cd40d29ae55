// The macros in which migrations write column types and table suffixes, filled in for each engine.

import type { Dialect } from '../database.ts';

export interface ColumnTypes {
  readonly engine: Dialect['engine'];
  /** An integer primary key that the engine assigns; one that was deleted is never assigned again. */
  readonly id: string;
  readonly int: string;
  readonly text: string;
  readonly blob: string;
  readonly real: string;
  /** Stands after a table's closing parenthesis. */
  readonly strict: string;
  /** Stands after a table's closing parenthesis; for tables that are nothing but their primary key and a few columns. */
  readonly strictWithoutRowid: string;
}

/** Throws for an unknown macro. */
export const fillColumnTypes = (statement: string, types: ColumnTypes): string =>
  statement.replace(/\{(\w+)\}/g, (macro, name: string) => {
    if (!Object.hasOwn(types, name)) throw new Error(`Unknown column type ${macro} in: ${statement}`);
    return types[name as keyof ColumnTypes];
  });
