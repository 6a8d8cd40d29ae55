// What a persist writes of rooms that are entered without their whole state, and of the moment when it is whole.

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
       servers = excluded.servers, started_ts = excluded.started_ts, attempts = 0, state_events = 0, missing_events = 0`,
    room,
    joinEventId,
    via,
    JSON.stringify(servers),
    now,
  );

/** `position`: of the write. No completion: the room was entered whole, whatever was left of an earlier join. */
export const completeJoin = async (
  tx: WriteTx,
  room: number,
  completion: Completion | undefined,
  position: number,
): Promise<void> => {
  await tx.run('DELETE FROM partial_joins WHERE room = ?', room);
  if (!completion) return;
  await tx.runMany(
    'UPDATE events SET state_root = ?, replaces = ? WHERE nid = ?',
    completion.events.map(({ nid, stateRoot, replaces }) => [stateRoot, replaces, nid]),
  );
  await tx.runMany(
    'UPDATE room_states SET root = ? WHERE room = ? AND position = ?',
    completion.states.map((state) => [state.root, room, state.position]),
  );
  await tx.run('UPDATE rooms SET whole_position = ? WHERE nid = ?', position, room);
  // Who keeps the rooms of users in memory reads these again.
  await tx.run(
    `UPDATE memberships SET position = ? WHERE room = ? AND is_local = 1 AND membership = 'join'`,
    position,
    room,
  );
};
