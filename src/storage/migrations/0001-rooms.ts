// Rooms, events and their state: the ground on which every other table stands.

import type { Migration } from './migration.ts';

export const migration: Migration = {
  id: 1,
  name: 'rooms',
  statements: [
    // Blocks of event nids are handed out from here, so that an event has its nid before it is written.
    'CREATE TABLE event_nid_blocks (id {int} PRIMARY KEY, next_nid {int} NOT NULL){strict}',
    'INSERT INTO event_nid_blocks (id, next_nid) VALUES (1, 1)',

    // Interned strings: numbers inside, strings at the edge.
    'CREATE TABLE users (nid {id}, user_id {text} NOT NULL UNIQUE){strict}',
    'CREATE TABLE event_types (nid {id}, type {text} NOT NULL UNIQUE){strict}',
    'CREATE TABLE state_keys (nid {id}, type {text} NOT NULL, state_key {text} NOT NULL, UNIQUE (type, state_key)){strict}',

    // sequence: grows by one with each persist; a persist that was drafted on another sequence is refused.
    // extremities: the forward extremities, a JSON list of event nids.
    // notified_total: running number of events that notify members with default push rules.
    `CREATE TABLE rooms (
      nid {id},
      room_id {text} NOT NULL UNIQUE,
      version {text} NOT NULL,
      sequence {int} NOT NULL,
      state_root {blob} NOT NULL,
      extremities {text} NOT NULL,
      latest_position {int} NOT NULL,
      notified_total {int} NOT NULL,
      is_public {int} NOT NULL DEFAULT 0
    ){strict}`,
    'CREATE INDEX rooms_public ON rooms (nid) WHERE is_public = 1',

    // content and rest are canonical JSON texts; together with the columns they give the PDU back byte for byte. rest is packed
    // by rest-text.ts.
    // position: place in the timeline (arrival order); history fetched later stands in holes (timeline_holes); NULL: in none.
    // state_root: the state after the event; NULL: not known (an outlier).
    // replaces: the state event that this one replaced. thread: the thread's root event.
    // notifies: members with default push rules are notified (2: and highlighted); notified_total: the room's running number of such events.
    // verdict: 0 accepted, 1 soft-failed, 2 rejected. Reasons of 1 and 2 stand in verdicts.
    `CREATE TABLE events (
      nid {int} PRIMARY KEY,
      event_id {text} NOT NULL UNIQUE,
      room {int} NOT NULL,
      position {int},
      type {int} NOT NULL,
      sender {int} NOT NULL,
      state_key {int},
      origin_server_ts {int} NOT NULL,
      depth {int} NOT NULL,
      content {text} NOT NULL,
      rest {text} NOT NULL,
      state_root {blob},
      replaces {int},
      thread {int},
      notifies {int} NOT NULL DEFAULT 0,
      notified_total {int} NOT NULL DEFAULT 0,
      verdict {int} NOT NULL DEFAULT 0,
      redacted_by {int}
    ){strict}`,
    'CREATE UNIQUE INDEX events_timeline ON events (room, position) WHERE position IS NOT NULL',
    'CREATE UNIQUE INDEX events_position ON events (position) WHERE position IS NOT NULL',
    'CREATE INDEX events_redacted ON events (room, position) WHERE position IS NOT NULL AND redacted_by IS NOT NULL',
    'CREATE INDEX events_time ON events (room, origin_server_ts)',
    'CREATE INDEX events_thread ON events (room, thread, position) WHERE thread IS NOT NULL',

    `CREATE TABLE verdicts (
      event {int} PRIMARY KEY REFERENCES events (nid),
      verdict {int} NOT NULL,
      failed_check {text} NOT NULL,
      rule {text} NOT NULL,
      sentence {text} NOT NULL,
      inputs {text} NOT NULL,
      judged_ts {int} NOT NULL
    ){strict}`,

    // The event graph. A reference to an event that is not here stands in missing_edges until it arrives.
    'CREATE TABLE edges (prev {int} NOT NULL, event {int} NOT NULL, PRIMARY KEY (prev, event)){strictWithoutRowid}',
    `CREATE TABLE missing_edges (
      prev_event_id {text} NOT NULL, event {int} NOT NULL, room {int} NOT NULL, PRIMARY KEY (prev_event_id, event)
    ){strictWithoutRowid}`,
    'CREATE INDEX missing_edges_room ON missing_edges (room)',

    // Nodes of the content-addressed state trees; room_states: the room's current state from that position on.
    'CREATE TABLE state_nodes (hash {blob} PRIMARY KEY, body {blob} NOT NULL){strictWithoutRowid}',
    `CREATE TABLE room_states (
      room {int} NOT NULL, position {int} NOT NULL, root {blob} NOT NULL, PRIMARY KEY (room, position)
    ){strictWithoutRowid}`,

    // The current m.room.member of each user, derived from the current state. is_local: a user of this server.
    // since_position: where the membership began; position moves on with every m.room.member event.
    `CREATE TABLE memberships (
      user_nid {int} NOT NULL,
      room {int} NOT NULL,
      membership {text} NOT NULL,
      event {int} NOT NULL,
      sender {int} NOT NULL,
      position {int} NOT NULL,
      is_local {int} NOT NULL,
      forgotten {int} NOT NULL DEFAULT 0,
      since_position {int} NOT NULL DEFAULT 0,
      PRIMARY KEY (user_nid, room)
    ){strictWithoutRowid}`,
    'CREATE INDEX memberships_room ON memberships (room, membership, is_local, user_nid)',

    // Events that relate to another (m.relates_to); the target may be unknown here, so it is named by its event id.
    `CREATE TABLE relations (
      event {int} PRIMARY KEY REFERENCES events (nid),
      room {int} NOT NULL,
      target_event_id {text} NOT NULL,
      rel_type {text} NOT NULL,
      aggregation_key {text},
      type {int} NOT NULL,
      sender {int} NOT NULL,
      origin_server_ts {int} NOT NULL,
      position {int}
    ){strict}`,
    'CREATE INDEX relations_room ON relations (room, position)',
    'CREATE INDEX relations_target ON relations (target_event_id, rel_type, position)',
    `CREATE INDEX relations_edits ON relations (target_event_id, type, sender, origin_server_ts)
      WHERE rel_type = 'm.replace'`,
    `CREATE INDEX relations_threads ON relations (room, target_event_id, position) WHERE rel_type = 'm.thread'`,

    // Redactions whose target has not arrived yet.
    `CREATE TABLE pending_redactions (
      target_event_id {text} NOT NULL, redaction {int} NOT NULL, room {int} NOT NULL, PRIMARY KEY (target_event_id, redaction)
    ){strictWithoutRowid}`,

    // Under which transaction id a client sent an event: scope is a digest of the endpoint's path without the id.
    `CREATE TABLE client_transactions (
      event {int} PRIMARY KEY,
      device {int} NOT NULL,
      scope {text} NOT NULL,
      txn_id {text} NOT NULL,
      created_ts {int} NOT NULL,
      UNIQUE (device, scope, txn_id)
    ){strict}`,

    // Only users whose outcome is not that of the default push rules: delta and highlight_delta correct their counts.
    // main_delta, main_highlight_delta: running sums of them over the user's rows in the main timeline of the room.
    `CREATE TABLE notifications (
      user_nid {int} NOT NULL,
      room {int} NOT NULL,
      position {int} NOT NULL,
      event {int} NOT NULL,
      thread {int},
      delta {int} NOT NULL,
      notifies {int} NOT NULL,
      highlight {int} NOT NULL,
      highlight_delta {int} NOT NULL,
      main_delta {int} NOT NULL,
      main_highlight_delta {int} NOT NULL,
      PRIMARY KEY (user_nid, room, position)
    ){strictWithoutRowid}`,

    `CREATE TABLE aliases (
      alias {text} PRIMARY KEY, room {int} NOT NULL, creator {int} NOT NULL, created_ts {int} NOT NULL
    ){strictWithoutRowid}`,
    'CREATE INDEX aliases_room ON aliases (room)',
  ],
};
