// What a persist writes of rooms that are entered without their whole state, and of the moment when they have it.

import type { WriteTx } from '../database.ts';
import type { Completion, PartialJoinRow } from './persist-rows.ts';

export const notePartialJoin = (
  tx: WriteTx,
  room: number,
  { joinEventId, via, servers }: PartialJoinRow,
  now: number,
): Promise<number> =>
  tx.run(
    `INSERT INTO partial_joins (room, join_event_id, via, servers, started_ts) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (room) DO UPDATE SET join_event_id = excluded.join_event_id, via = excluded.via,
       servers = excluded.servers, started_ts = excluded.started_ts, attempts = 0, state_events = 0, missing_events = 0,
       is_state_whole = 0`,
    room,
    joinEventId,
    via,
    JSON.stringify(servers),
    now,
  );

/** The room was entered whole, whatever was left of an earlier join. */
export const forgetPartialJoin = (tx: WriteTx, room: number): Promise<number> =>
  tx.run('DELETE FROM partial_joins WHERE room = ?', room);

/** The room goes on being shown as one that was entered in part, until all that follows from its state is written. */
export const completeState = async (tx: WriteTx, room: number, { events, states }: Completion): Promise<void> => {
  await tx.run('UPDATE partial_joins SET is_state_whole = 1 WHERE room = ?', room);
  await tx.runMany(
    'UPDATE events SET state_root = ?, replaces = ? WHERE nid = ?',
    events.map(({ nid, stateRoot, replaces }) => [stateRoot, replaces, nid]),
  );
  await tx.runMany(
    'UPDATE room_states SET root = ? WHERE room = ? AND position = ?',
    states.map(({ position, root }) => [root, room, position]),
  );
};
