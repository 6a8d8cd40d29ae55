// End-to-end encryption: keys of devices and users, signatures upon them, key backups and messages to devices.

import type { Migration } from './migration.ts';

export const migration: Migration = {
  id: 3,
  name: 'e2ee',
  statements: [
    // keys: canonical JSON of the device keys as uploaded, without `unsigned` and without other users' signatures.
    `CREATE TABLE device_keys (
      device {int} PRIMARY KEY REFERENCES devices (nid) ON DELETE CASCADE,
      user_nid {int} NOT NULL,
      keys {text} NOT NULL
    ){strict}`,
    'CREATE INDEX device_keys_user ON device_keys (user_nid)',

    // nid: upload order. A claimed key stays for a while, so that an upload that is sent again does not bring it back.
    `CREATE TABLE one_time_keys (
      nid {id},
      device {int} NOT NULL REFERENCES devices (nid) ON DELETE CASCADE,
      algorithm {text} NOT NULL,
      key_id {text} NOT NULL,
      content {text} NOT NULL,
      is_claimed {int} NOT NULL DEFAULT 0,
      UNIQUE (device, algorithm, key_id)
    ){strict}`,
    'CREATE INDEX one_time_keys_unclaimed ON one_time_keys (device, algorithm, nid) WHERE is_claimed = 0',

    `CREATE TABLE fallback_keys (
      device {int} NOT NULL REFERENCES devices (nid) ON DELETE CASCADE,
      algorithm {text} NOT NULL,
      key_id {text} NOT NULL,
      content {text} NOT NULL,
      is_used {int} NOT NULL DEFAULT 0,
      PRIMARY KEY (device, algorithm)
    ){strict}`,

    // usage: master, self_signing or user_signing. content: canonical JSON as uploaded, with the owner's signatures only.
    `CREATE TABLE cross_signing_keys (
      user_nid {int} NOT NULL,
      usage {text} NOT NULL,
      public_key {text} NOT NULL,
      content {text} NOT NULL,
      PRIMARY KEY (user_nid, usage)
    ){strict}`,

    // Signatures that came after the keys they sign. target_key: a device id or a master public key; signing_key: `ed25519:…`.
    `CREATE TABLE key_signatures (
      target {int} NOT NULL,
      target_key {text} NOT NULL,
      signer {int} NOT NULL,
      signing_key {text} NOT NULL,
      signature {text} NOT NULL,
      PRIMARY KEY (target, target_key, signer, signing_key)
    ){strictWithoutRowid}`,
    'CREATE INDEX key_signatures_signer ON key_signatures (signer, signing_key)',

    // A row for each change of a user's keys; device_id is NULL for cross-signing keys. The latest ones of each user are kept.
    `CREATE TABLE device_list_changes (
      position {int} PRIMARY KEY, user_nid {int} NOT NULL, device_id {text}
    ){strict}`,
    'CREATE INDEX device_list_changes_user ON device_list_changes (user_nid, position)',
    // What a user signed with their user-signing key: seen by their own devices alone.
    `CREATE TABLE signature_changes (
      observer {int} NOT NULL, user_nid {int} NOT NULL, position {int} NOT NULL, PRIMARY KEY (observer, user_nid)
    ){strictWithoutRowid}`,

    // version counts up for each user. deletion: 0 not deleted, 1 sessions are still to be removed, 2 nothing is left but this
    // row, which stays for the highest version, so that none is given twice.
    `CREATE TABLE key_backups (
      nid {id},
      user_nid {int} NOT NULL,
      version {int} NOT NULL,
      algorithm {text} NOT NULL,
      auth_data {text} NOT NULL,
      etag {int} NOT NULL DEFAULT 0,
      session_count {int} NOT NULL DEFAULT 0,
      deletion {int} NOT NULL DEFAULT 0,
      UNIQUE (user_nid, version)
    ){strict}`,
    'CREATE INDEX key_backups_deleted ON key_backups (nid) WHERE deletion = 1',
    `CREATE TABLE key_backup_sessions (
      backup {int} NOT NULL,
      room_id {text} NOT NULL,
      session_id {text} NOT NULL,
      first_message_index {int} NOT NULL,
      forwarded_count {int} NOT NULL,
      is_verified {int} NOT NULL,
      session_data {text} NOT NULL,
      PRIMARY KEY (backup, room_id, session_id)
    ){strictWithoutRowid}`,

    // Waiting for the device to acknowledge them by its next sync.
    `CREATE TABLE to_device (
      device {int} NOT NULL REFERENCES devices (nid) ON DELETE CASCADE,
      position {int} NOT NULL,
      sender {int} NOT NULL,
      type {text} NOT NULL,
      content {text} NOT NULL,
      PRIMARY KEY (device, position)
    ){strict}`,
    // Messages to devices are delivered once for each of these.
    `CREATE TABLE to_device_transactions (
      device {int} NOT NULL,
      type {text} NOT NULL,
      txn_id {text} NOT NULL,
      created_ts {int} NOT NULL,
      PRIMARY KEY (device, type, txn_id)
    ){strictWithoutRowid}`,
    'CREATE INDEX to_device_transactions_age ON to_device_transactions (created_ts)',
    // Waiting for another server to take them. messages: a JSON object of user id to device id to content.
    `CREATE TABLE to_device_outbound (
      destination {text} NOT NULL,
      position {int} NOT NULL,
      sender {int} NOT NULL,
      type {text} NOT NULL,
      messages {text} NOT NULL,
      PRIMARY KEY (destination, position)
    ){strict}`,
  ],
};
