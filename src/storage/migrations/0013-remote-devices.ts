// Devices of other servers' users, messages from them, and what of our devices other servers do not know yet.

import type { Migration } from './migration.ts';

export const migration: Migration = {
  id: 13,
  name: 'remote-devices',
  statements: [
    // Users whose device lists are followed. stream_id: the latest update that was taken, -1 when the list came without one;
    // is_stale: it has to be fetched anew. fetched_ts: when the list was fetched or last changed.
    `CREATE TABLE remote_device_lists (
      user_nid {int} PRIMARY KEY,
      stream_id {int} NOT NULL,
      is_stale {int} NOT NULL DEFAULT 0,
      fetched_ts {int} NOT NULL
    ){strict}`,
    'CREATE INDEX remote_device_lists_stale ON remote_device_lists (user_nid) WHERE is_stale = 1',
    // keys: canonical JSON without `unsigned` and others' signatures; NULL: the device has none.
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

    'CREATE INDEX to_device_outbound_position ON to_device_outbound (position)',
    // Our users whom a server shares a room with since a while ago only: it is to be told of all their devices.
    `CREATE TABLE device_introductions (
      destination {text} NOT NULL, position {int} NOT NULL, user_nid {int} NOT NULL,
      PRIMARY KEY (destination, position, user_nid)
    ){strictWithoutRowid}`,
    'CREATE INDEX device_introductions_position ON device_introductions (position)',
  ],
};
