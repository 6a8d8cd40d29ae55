// Devices of other servers' users, and messages from them.

import type { Migration } from './migration.ts';

export const migration: Migration = {
  id: 13,
  name: 'remote-devices',
  statements: [
    // Users whose device lists are followed. stream_id: the latest update that was taken; is_stale: it has to be fetched anew.
    `CREATE TABLE remote_device_lists (
      user_nid {int} PRIMARY KEY,
      stream_id {int} NOT NULL,
      is_stale {int} NOT NULL DEFAULT 0,
      fetched_ts {int} NOT NULL
    ){strict}`,
    `CREATE TABLE remote_devices (
      user_nid {int} NOT NULL,
      device_id {text} NOT NULL,
      display_name {text},
      keys {text},
      PRIMARY KEY (user_nid, device_id)
    ){strictWithoutRowid}`,
    // Messages to devices that were taken: another copy is not delivered.
    `CREATE TABLE received_messages (
      origin {text} NOT NULL, message_id {text} NOT NULL, received_ts {int} NOT NULL, PRIMARY KEY (origin, message_id)
    ){strictWithoutRowid}`,
    'CREATE INDEX received_messages_age ON received_messages (received_ts)',
  ],
};
