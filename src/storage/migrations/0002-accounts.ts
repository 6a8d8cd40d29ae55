// Accounts of this server's users: sessions, devices, profiles, account data, filters and what registration needs.

import type { Migration } from './migration.ts';

export const migration: Migration = {
  id: 2,
  name: 'accounts',
  statements: [
    // Every local user that was ever created; a deactivated one stays, so that nobody gets its id again.
    // password_hash: PHC text; NULL: cannot log in by password. terms_version: what they agreed to at registration.
    `CREATE TABLE accounts (
      user_nid {int} PRIMARY KEY,
      password_hash {text},
      is_guest {int} NOT NULL DEFAULT 0,
      is_admin {int} NOT NULL DEFAULT 0,
      is_locked {int} NOT NULL DEFAULT 0,
      is_suspended {int} NOT NULL DEFAULT 0,
      is_erased {int} NOT NULL DEFAULT 0,
      appservice {text},
      terms_version {text},
      created_ts {int} NOT NULL,
      deactivated_ts {int}
    ){strict}`,

    // nid: the position at which the device was made, so that none is given twice.
    `CREATE TABLE devices (
      nid {int} PRIMARY KEY,
      user_nid {int} NOT NULL,
      device_id {text} NOT NULL,
      display_name {text},
      created_ts {int} NOT NULL,
      position {int} NOT NULL,
      last_seen_ts {int},
      last_seen_address {text},
      last_seen_agent {text},
      UNIQUE (user_nid, device_id)
    ){strict}`,

    // An access token with the refresh token that was given out beside it, as SHA-256 hashes.
    // predecessor: the pair that this one was refreshed from, until this one is used for the first time.
    `CREATE TABLE session_tokens (
      nid {id},
      device {int} NOT NULL,
      access_hash {blob} NOT NULL UNIQUE,
      access_expires_ts {int},
      refresh_hash {blob} UNIQUE,
      refresh_expires_ts {int},
      predecessor {int}
    ){strict}`,
    'CREATE INDEX session_tokens_device ON session_tokens (device)',

    // Tokens that serve one purpose for a short time: login, openid, nonce. user_nid is 0 where nobody is meant.
    `CREATE TABLE short_tokens (
      hash {blob} PRIMARY KEY, purpose {text} NOT NULL, user_nid {int} NOT NULL, expires_ts {int} NOT NULL
    ){strictWithoutRowid}`,
    'CREATE INDEX short_tokens_age ON short_tokens (expires_ts)',
    'CREATE INDEX short_tokens_user ON short_tokens (user_nid)',

    // Interactive authentication. operation: the request the session belongs to, with its caller; parameters: a keyed hash of the
    // request's other parameters, NULL while there were none. completed: a JSON object of stage to what it proved.
    `CREATE TABLE uia_sessions (
      hash {blob} PRIMARY KEY,
      operation {text} NOT NULL,
      parameters {blob},
      completed {text} NOT NULL,
      created_ts {int} NOT NULL
    ){strictWithoutRowid}`,
    'CREATE INDEX uia_sessions_age ON uia_sessions (created_ts)',

    // uses_max and expires_ts: NULL is without limit.
    `CREATE TABLE registration_tokens (
      token {text} PRIMARY KEY,
      uses {int} NOT NULL DEFAULT 0,
      uses_max {int},
      expires_ts {int},
      created_ts {int} NOT NULL
    ){strictWithoutRowid}`,

    // One row for each profile field; value is a JSON text.
    `CREATE TABLE profile_fields (
      user_nid {int} NOT NULL, name {text} NOT NULL, value {text} NOT NULL, PRIMARY KEY (user_nid, name)
    ){strictWithoutRowid}`,

    // room 0: global account data. content is a JSON text.
    `CREATE TABLE account_data (
      user_nid {int} NOT NULL,
      room {int} NOT NULL,
      type {text} NOT NULL,
      content {text} NOT NULL,
      position {int} NOT NULL,
      PRIMARY KEY (user_nid, room, type)
    ){strictWithoutRowid}`,
    'CREATE INDEX account_data_position ON account_data (user_nid, position)',

    // Equal filters of a user share one id; hash: SHA-256 of the definition.
    `CREATE TABLE filters (
      user_nid {int} NOT NULL,
      filter_id {int} NOT NULL,
      hash {blob} NOT NULL,
      definition {text} NOT NULL,
      PRIMARY KEY (user_nid, filter_id),
      UNIQUE (user_nid, hash)
    ){strictWithoutRowid}`,

    // The user directory's index of folded words, for search by prefix.
    // room 0: from the user id or the own profile; else from the member event in that room, seen only by who may see the room.
    `CREATE TABLE directory_words (
      word {text} NOT NULL, user_nid {int} NOT NULL, room {int} NOT NULL, PRIMARY KEY (word, user_nid, room)
    ){strictWithoutRowid}`,
    'CREATE INDEX directory_words_user ON directory_words (user_nid, room, word)',
    'CREATE TABLE directory_cursor (id {int} PRIMARY KEY, position {int} NOT NULL){strict}',
    'INSERT INTO directory_cursor (id, position) VALUES (1, 0)',
    'CREATE INDEX memberships_position ON memberships (position)',
  ],
};
