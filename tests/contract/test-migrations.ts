// Tables for the contract tests of the database itself.

import type { Migration } from '../../src/storage/migrations/migration.ts';

export const testMigrations: readonly Migration[] = [
  {
    id: 1,
    name: 'test-tables',
    statements: [
      'CREATE TABLE notes (id {id}, name {text} NOT NULL UNIQUE, number {int}, body {blob}){strict}',
      'CREATE TABLE log (position {int} PRIMARY KEY, writer {text} NOT NULL){strictWithoutRowid}',
      'CREATE TABLE replies (note {int} NOT NULL REFERENCES notes (id) DEFERRABLE INITIALLY DEFERRED){strict}',
    ],
  },
];
