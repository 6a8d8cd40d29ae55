// What other servers are still to be told.

import { serverPartSql } from '../dialects/server-part.ts';
import type { Migration } from './migration.ts';

export const migration: Migration = {
  id: 12,
  name: 'outbound',
  statements: [
    // Only servers that have not got everything: all events, device lists and messages up to this position are theirs.
    'CREATE TABLE destination_cursors (destination {text} PRIMARY KEY, position {int} NOT NULL){strictWithoutRowid}',
    // Events that some server did not have yet when the consumer's cursor passed them; no server misses any other one.
    'CREATE TABLE outgoing_events (room {int} NOT NULL, position {int} NOT NULL, PRIMARY KEY (room, position)){strictWithoutRowid}',
    'CREATE INDEX outgoing_events_position ON outgoing_events (position)',
    // Members of other servers that this one was to let in, and rejected: they are forwarded if they are accepted after all.
    'CREATE TABLE owed_forwards (event {int} PRIMARY KEY){strict}',
    {
      sqlite: `CREATE INDEX users_server ON users (${serverPartSql.sqlite('user_id')})`,
      postgres: `CREATE INDEX users_server ON users ((${serverPartSql.postgres('user_id')}))`,
    },
  ],
};
