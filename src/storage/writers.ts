// Finds the writers among the exports of store modules, for the thread that is told only their names.

import type { Writer } from './database.ts';

export type AnyWriter = Writer<unknown, unknown>;

const isWriter = (value: unknown): value is AnyWriter =>
  typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'writer';

/** Throws when two different writers share a name. */
export const collectWriters = (modules: readonly object[]): Map<string, AnyWriter> => {
  const writers = new Map<string, AnyWriter>();
  for (const module of modules) {
    for (const value of Object.values(module)) {
      if (!isWriter(value)) continue;
      const other = writers.get(value.name);
      if (other !== undefined && other !== value) throw new Error(`Two writers are named ${value.name}`);
      writers.set(value.name, value);
    }
  }
  return writers;
};
