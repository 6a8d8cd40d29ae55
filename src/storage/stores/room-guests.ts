// Guests in rooms. Client-Server API, "Guest Access".

import type { UserId } from '../../protocol/ids/branded.ts';
import type { ReadTx } from '../database.ts';

/** Guests of this server who are joined to the room. */
export const guestsInRoom = async (tx: ReadTx, room: number): Promise<UserId[]> => {
  const rows = await tx.all<{ userId: UserId }>(
    `SELECT u.user_id AS "userId" FROM memberships m JOIN accounts a ON a.user_nid = m.user_nid
     JOIN users u ON u.nid = m.user_nid
     WHERE m.room = ? AND m.membership = 'join' AND m.is_local = 1 AND a.is_guest = 1 ORDER BY m.user_nid`,
    room,
  );
  return rows.map((row) => row.userId);
};
