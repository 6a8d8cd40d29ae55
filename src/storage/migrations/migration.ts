// One step of the schema, the same for both engines.
// Column types are written as macros that the dialect fills in: {id} {int} {text} {blob} {real} {strict} {strictWithoutRowid}.

export interface Migration {
  /** Counts up from 1 without gaps. */
  readonly id: number;
  readonly name: string;
  /** One SQL statement each; all of them run in one transaction. */
  readonly statements: readonly string[];
}
