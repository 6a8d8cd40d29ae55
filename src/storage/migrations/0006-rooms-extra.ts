// What users say about rooms, events and each other, and work on rooms that must survive a restart.

import type { Migration } from './migration.ts';

export const migration: Migration = {
  id: 6,
  name: 'rooms-extra',
  statements: [
    // kind: room, event or user; target: its id. room: the reported room or that of the event, NULL for a user.
    `CREATE TABLE reports (
      nid {id},
      kind {text} NOT NULL,
      target {text} NOT NULL,
      room {int},
      reporter {int} NOT NULL,
      reason {text} NOT NULL,
      created_ts {int} NOT NULL
    ){strict}`,
    'CREATE INDEX reports_reporter ON reports (reporter)',

    // The room in which the server's operators speak to a user.
    'CREATE TABLE server_notice_rooms (user_nid {int} PRIMARY KEY, room {int} NOT NULL){strict}',

    // Users whose changed profile is not in all of their member events yet.
    'CREATE TABLE profile_propagations (user_nid {int} PRIMARY KEY){strict}',
  ],
};
