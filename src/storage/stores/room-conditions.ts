// Whether a user is in any of some rooms: the condition of restricted rooms.

import type { RoomId } from '../../protocol/ids/branded.ts';
import type { ReadTx } from '../database.ts';

/** Rooms that this server is not in any more do not count: who is in them now is not known. */
export const isJoinedToAny = async (tx: ReadTx, user: number, roomIds: readonly RoomId[]): Promise<boolean> => {
  if (roomIds.length === 0) return false;
  const found = await tx.get(
    `SELECT 1 AS "one" FROM rooms r JOIN memberships m ON m.room = r.nid
     WHERE ${tx.dialect.anyText('r.room_id')} AND m.user_nid = ? AND m.membership = 'join' AND (m.is_local = 1 OR EXISTS (
       SELECT 1 FROM memberships l WHERE l.room = r.nid AND l.membership = 'join' AND l.is_local = 1)) LIMIT 1`,
    tx.dialect.list(roomIds),
    user,
  );
  return found !== undefined;
};

/** Whether a user of this server is joined to any of the rooms: only then is it known who else is. */
export const isAnyRoomOurs = async (tx: ReadTx, roomIds: readonly RoomId[]): Promise<boolean> => {
  const found = await tx.get(
    `SELECT 1 AS "one" FROM rooms r JOIN memberships m ON m.room = r.nid
     WHERE ${tx.dialect.anyText('r.room_id')} AND m.membership = 'join' AND m.is_local = 1 LIMIT 1`,
    tx.dialect.list(roomIds),
  );
  return found !== undefined;
};

/** Some of this server's users who are joined, in no particular order. */
export const someLocalMembers = async (tx: ReadTx, room: number, limit: number): Promise<string[]> => {
  const rows = await tx.all<{ userId: string }>(
    `SELECT u.user_id AS "userId" FROM memberships m JOIN users u ON u.nid = m.user_nid
     WHERE m.room = ? AND m.membership = 'join' AND m.is_local = 1 LIMIT ?`,
    room,
    limit,
  );
  return rows.map((row) => row.userId);
};
