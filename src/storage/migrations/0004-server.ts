// The server itself: whose database this is.

import type { Migration } from './migration.ts';

export const migration: Migration = {
  id: 4,
  name: 'server',
  statements: [
    // One row: the name and signing key that this database was last used with.
    `CREATE TABLE server_identity (
      id {int} PRIMARY KEY, server_name {text} NOT NULL, key_id {text} NOT NULL, public_key {text} NOT NULL
    ){strict}`,
  ],
};
