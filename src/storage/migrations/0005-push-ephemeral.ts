// Push rules, unread counts, pushers, receipts, and what of presence outlives a restart.

import type { Migration } from './migration.ts';

export const migration: Migration = {
  id: 5,
  name: 'push-ephemeral',
  statements: [
    // Only users who changed something. rules: JSON of what they changed (UserPushRules); what clients see, the defaults
    // merged in, stands in the account data m.push_rules; defaults: with which default rules that was made.
    'CREATE TABLE push_rules (user_nid {int} PRIMARY KEY, rules {text} NOT NULL, defaults {text} NOT NULL){strict}',

    `CREATE INDEX account_data_ignored ON account_data (position) WHERE type = 'm.ignored_user_list' AND room = 0`,

    // type: 1 m.read, 2 m.read.private. thread_id: '' unthreaded, 'main', or the root's event id.
    // event_position: the event's place in the timeline; NULL: the event has not arrived.
    // position: of the receipt's last change.
    `CREATE TABLE receipts (
      room {int} NOT NULL,
      user_nid {int} NOT NULL,
      type {int} NOT NULL,
      thread_id {text} NOT NULL,
      event_id {text} NOT NULL,
      event_position {int},
      ts {int} NOT NULL,
      is_local {int} NOT NULL,
      position {int} NOT NULL,
      PRIMARY KEY (room, user_nid, type, thread_id)
    ){strictWithoutRowid}`,
    'CREATE INDEX receipts_room ON receipts (room, position)',
    'CREATE INDEX receipts_own ON receipts (user_nid, position) WHERE is_local = 1',
    'CREATE INDEX receipts_public ON receipts (position) WHERE is_local = 1 AND type = 1',

    // Up to where local users have read. thread: -1 everything, 0 the main timeline, else the nid of the thread's root.
    `CREATE TABLE read_marks (
      user_nid {int} NOT NULL,
      room {int} NOT NULL,
      thread {int} NOT NULL,
      position {int} NOT NULL,
      PRIMARY KEY (user_nid, room, thread)
    ){strictWithoutRowid}`,
    'CREATE INDEX events_notifying_in_threads ON events (room, position, thread, notifies) WHERE thread IS NOT NULL AND notifies > 0',
    'CREATE INDEX events_highlighting ON events (room, position) WHERE notifies = 2',

    'CREATE INDEX notifications_position ON notifications (position)',
    'CREATE INDEX notifications_in_threads ON notifications (user_nid, room, position) WHERE thread IS NOT NULL',

    // device: that set the pusher and with which it goes. data: JSON text. set_ts: milliseconds.
    // position: from which on events are pushed.
    `CREATE TABLE pushers (
      nid {id},
      user_nid {int} NOT NULL,
      device {int} NOT NULL,
      app_id {text} NOT NULL,
      pushkey {text} NOT NULL,
      kind {text} NOT NULL,
      app_display_name {text} NOT NULL,
      device_display_name {text} NOT NULL,
      profile_tag {text},
      lang {text} NOT NULL,
      data {text} NOT NULL,
      set_ts {int} NOT NULL,
      position {int} NOT NULL,
      UNIQUE (user_nid, app_id, pushkey)
    ){strict}`,
    'CREATE INDEX pushers_key ON pushers (app_id, pushkey)',
    'CREATE INDEX pushers_device ON pushers (device)',
    'CREATE INDEX pushers_position ON pushers (position)',

    // Events that a pusher has yet to tell its gateway of.
    `CREATE TABLE push_queue (
      pusher {int} NOT NULL, position {int} NOT NULL, event {int} NOT NULL, queued_ts {int} NOT NULL,
      PRIMARY KEY (pusher, position)
    ){strictWithoutRowid}`,

    // Up to which position each consumer of the stream has done its work.
    'CREATE TABLE stream_cursors (consumer {text} PRIMARY KEY, position {int} NOT NULL){strict}',

    // What is worth keeping when nobody is online; the rest is in memory.
    'CREATE TABLE presence (user_nid {int} PRIMARY KEY, status_msg {text}, last_active_ts {int}){strict}',
  ],
};
