// Events of other servers: holes in timelines where history is not here, and what verdicts stand upon.

import type { Migration } from './migration.ts';

export const migration: Migration = {
  id: 10,
  name: 'receive',
  statements: [
    // An event whose prev events are not here stands above a hole of its room's timeline. Positions from next_position down to
    // lowest_position are kept free for what is fetched later.
    `CREATE TABLE timeline_holes (
      event {int} PRIMARY KEY REFERENCES events (nid),
      room {int} NOT NULL,
      next_position {int} NOT NULL,
      lowest_position {int} NOT NULL
    ){strict}`,
    'CREATE INDEX timeline_holes_room ON timeline_holes (room, next_position)',

    // By which events a verdict came to be: what fell because of an event is found from here.
    `CREATE TABLE verdict_inputs (
      input_event_id {text} NOT NULL, event {int} NOT NULL, PRIMARY KEY (input_event_id, event)
    ){strictWithoutRowid}`,
    'CREATE INDEX verdict_inputs_event ON verdict_inputs (event)',

    // Events that were rejected for want of another one: judged again when it arrives.
    `CREATE TABLE awaited_events (
      awaited_event_id {text} NOT NULL, event {int} NOT NULL, PRIMARY KEY (awaited_event_id, event)
    ){strictWithoutRowid}`,
    'CREATE INDEX awaited_events_event ON awaited_events (event)',

    // Events to judge again, because what they stand upon arrived or changed: what is not done when the server stops.
    'CREATE TABLE rejudgements (event {int} PRIMARY KEY, room {int} NOT NULL){strict}',

    // Which state events refer to a state event as one of their auth_events.
    'CREATE TABLE auth_edges (auth {int} NOT NULL, event {int} NOT NULL, PRIMARY KEY (auth, event)){strictWithoutRowid}',

    // Accepted events of other servers that this server passes on: it let their senders into the room.
    'CREATE TABLE forwarded_events (position {int} PRIMARY KEY, event {int} NOT NULL){strict}',
  ],
};
