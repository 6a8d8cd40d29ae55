// Other servers: how each was last reached, and their signing keys.

import type { Migration } from './migration.ts';

export const migration: Migration = {
  id: 9,
  name: 'peers',
  statements: [
    // A server that was called or heard from. since_ts: when the present trouble began; NULL with stage, reason and retry_ts while all
    // is well. gone_ts: it said that it is gone for good; then retry_ts NULL means never.
    `CREATE TABLE destinations (
      nid {id},
      server_name {text} NOT NULL UNIQUE,
      stage {text},
      reason {text},
      since_ts {int},
      last_failure_ts {int},
      failures {int} NOT NULL DEFAULT 0,
      retry_ts {int},
      gone_ts {int},
      last_success_ts {int},
      heard_ts {int}
    ){strict}`,
    'CREATE INDEX destinations_trouble ON destinations (server_name) WHERE since_ts IS NOT NULL',

    // What servers published of their keys, as canonical JSON with their signatures: passed on to those who ask this server for keys.
    `CREATE TABLE server_key_documents (
      nid {id},
      server_name {text} NOT NULL,
      document {text} NOT NULL,
      fetched_ts {int} NOT NULL,
      valid_until_ts {int} NOT NULL
    ){strict}`,
    'CREATE INDEX server_key_documents_server ON server_key_documents (server_name)',

    // The first key that was seen under an id stays. expired_ts: signatures before then are good; NULL for a key in use.
    // document: the one that proves the key longest; NULL when it also held a key that was refused.
    `CREATE TABLE server_keys (
      server_name {text} NOT NULL,
      key_id {text} NOT NULL,
      public_key {text} NOT NULL,
      valid_until_ts {int} NOT NULL,
      expired_ts {int},
      first_seen_ts {int} NOT NULL,
      document {int},
      PRIMARY KEY (server_name, key_id)
    ){strictWithoutRowid}`,

    // Other keys that were seen under a known id, and refused. source: the server that said so.
    `CREATE TABLE server_key_conflicts (
      server_name {text} NOT NULL,
      key_id {text} NOT NULL,
      public_key {text} NOT NULL,
      source {text} NOT NULL,
      first_seen_ts {int} NOT NULL,
      last_seen_ts {int} NOT NULL,
      times {int} NOT NULL,
      PRIMARY KEY (server_name, key_id, public_key)
    ){strictWithoutRowid}`,
  ],
};
