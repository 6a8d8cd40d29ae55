// Rooms that this server is in, in part or not at all.

import type { Migration } from './migration.ts';

export const migration: Migration = {
  id: 14,
  name: 'residency',
  statements: [
    // residency: 0 not in the room: users of this server are invited, knock, or left (its state is not known); 1 in the room;
    // 2 in the room without its whole state yet.
    'ALTER TABLE rooms ADD COLUMN residency {int} NOT NULL DEFAULT 1',
    // Of a room that was entered without its whole state: the position since which it is whole here; 0: it was from the start.
    'ALTER TABLE rooms ADD COLUMN whole_position {int} NOT NULL DEFAULT 0',
    // What an invite or a knock told of a room that this server is not in: a JSON list of stripped state events. via: the server
    // that told it.
    `CREATE TABLE stripped_states (
      user_nid {int} NOT NULL, room {int} NOT NULL, events {text} NOT NULL, via {text} NOT NULL,
      PRIMARY KEY (user_nid, room)
    ){strictWithoutRowid}`,
    // Joins whose state is still to be fetched: by which servers, and who is in the room by what they say. state_events: of how
    // many events the state is made, once it is known (0 before); missing_events: those of them that are not here yet.
    // is_state_whole: the room has its whole state; what follows from it is still being written.
    `CREATE TABLE partial_joins (
      room {int} PRIMARY KEY,
      join_event_id {text} NOT NULL,
      via {text} NOT NULL,
      servers {text} NOT NULL,
      started_ts {int} NOT NULL,
      attempts {int} NOT NULL DEFAULT 0,
      state_events {int} NOT NULL DEFAULT 0,
      missing_events {int} NOT NULL DEFAULT 0,
      is_state_whole {int} NOT NULL DEFAULT 0
    ){strict}`,
  ],
};
