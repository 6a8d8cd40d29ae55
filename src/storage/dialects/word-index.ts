// How each engine finds rows of search_words by the words in them: SQLite through its full-text index, PostgreSQL through an
// array of words. Both see the same words, which are cut and folded before they come here.

import type { Dialect, SqlValue } from '../database.ts';
import { postgresDialect } from './postgres.ts';

export interface WordMatch {
  readonly condition: string;
  readonly params: readonly SqlValue[];
}

export interface WordIndex {
  /** The value of the column `words`. */
  encode(words: readonly string[]): SqlValue;
  /** Rows that have all of some words, and one at least of each list in `anyOf`. Words hold only letters and digits. */
  match(all: readonly string[], anyOf: readonly (readonly string[])[]): WordMatch;
}

const quoted = (words: readonly string[]): string[] => words.map((word) => `"${word}"`);

const wordIndexes: Readonly<Record<Dialect['engine'], WordIndex>> = {
  sqlite: {
    encode: (words) => words.join(' '),
    match: (all, anyOf) => ({
      condition: 'search_words MATCH ?',
      params: [[...quoted(all), ...anyOf.map((words) => `(${quoted(words).join(' OR ')})`)].join(' AND ')],
    }),
  },
  postgres: {
    encode: (words) => postgresDialect.list(words),
    match: (all, anyOf) => ({
      condition: ['words @> ?::text[]', ...anyOf.map(() => 'words && ?::text[]')].join(' AND '),
      params: [all, ...anyOf].map((words) => postgresDialect.list(words)),
    }),
  },
};

export const wordIndexOf = (dialect: Dialect): WordIndex => wordIndexes[dialect.engine];
