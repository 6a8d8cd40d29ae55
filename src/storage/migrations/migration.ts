// One step of the schema, the same for both engines.
// Column types are written as macros that the dialect fills in: {id} {int} {text} {blob} {real} {strict} {strictWithoutRowid}.

import type { Dialect } from '../database.ts';

/** The same for both engines, or, where an engine has something of its own for it, one for each. */
export type Statement = string | Readonly<Record<Dialect['engine'], string>>;

export interface Migration {
  /** Counts up from 1 without gaps. */
  readonly id: number;
  readonly name: string;
  /** One SQL statement each; all of them run in one transaction. */
  readonly statements: readonly Statement[];
}
