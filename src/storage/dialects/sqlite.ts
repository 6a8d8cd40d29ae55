// SQLite's side of everything in which the engines' SQL differs.

import type { Dialect } from '../database.ts';
import type { ColumnTypes } from './column-types.ts';

export const sqliteDialect: Dialect = {
  engine: 'sqlite',
  anyInt: (column) => `${column} IN (SELECT value FROM json_each(?))`,
  anyText: (column) => `${column} IN (SELECT value FROM json_each(?))`,
  givenTexts: 'json_each(?) given',
  list: (values) => JSON.stringify(values),
};

export const sqliteColumnTypes: ColumnTypes = {
  engine: 'sqlite',
  id: 'INTEGER PRIMARY KEY AUTOINCREMENT',
  int: 'INTEGER',
  text: 'TEXT',
  blob: 'BLOB',
  real: 'REAL',
  strict: 'STRICT',
  strictWithoutRowid: 'STRICT, WITHOUT ROWID',
};
