// Events that others here follow and that nobody gave: they are asked for again later.

import type { Migration } from './migration.ts';

export const migration: Migration = {
  id: 15,
  name: 'sought-events',
  statements: [
    // due_ts: when servers in the room are asked next; attempts: how often some were.
    `CREATE TABLE sought_events (
      event_id {text} PRIMARY KEY, room {int} NOT NULL, attempts {int} NOT NULL DEFAULT 0, due_ts {int} NOT NULL
    ){strictWithoutRowid}`,
    'CREATE INDEX sought_events_due ON sought_events (room, due_ts)',
  ],
};
