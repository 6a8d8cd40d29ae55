// What other servers are still to be told.

import type { Migration } from './migration.ts';

export const migration: Migration = {
  id: 12,
  name: 'outbound',
  statements: [
    // Only servers that have not got everything: all events, device lists and messages up to this position are theirs.
    'CREATE TABLE destination_cursors (destination {text} PRIMARY KEY, position {int} NOT NULL){strictWithoutRowid}',
  ],
};
