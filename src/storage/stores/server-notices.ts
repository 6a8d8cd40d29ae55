// The rooms in which the server's operators speak to single users. Client-Server API, "Server Notices".

import type { RoomId } from '../../protocol/ids/branded.ts';
import type { ReadTx } from '../database.ts';
import { writer } from '../database.ts';
import { putTagWithin } from './account-data.ts';

/** undefined: the user has none yet. */
export const noticeRoomOf = async (tx: ReadTx, user: number): Promise<RoomId | undefined> => {
  const row = await tx.get<{ roomId: RoomId }>(
    `SELECT r.room_id AS "roomId" FROM server_notice_rooms n JOIN rooms r ON r.nid = n.room WHERE n.user_nid = ?`,
    user,
  );
  return row?.roomId;
};

/** "Servers must identify this room to clients with the m.server_notice tag." */
export const setNoticeRoom = writer(
  'setNoticeRoom',
  async (tx, args: { user: number; room: number }): Promise<void> => {
    await tx.run(
      `INSERT INTO server_notice_rooms (user_nid, room) VALUES (?, ?)
       ON CONFLICT (user_nid) DO UPDATE SET room = excluded.room`,
      args.user,
      args.room,
    );
    await putTagWithin(tx, { ...args, tag: 'm.server_notice', value: '{}' });
  },
);
