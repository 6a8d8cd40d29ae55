// Just enough of rooms and members for the user directory to look at.

import type { UserId } from '../../../src/protocol/ids/branded.ts';
import { writer } from '../../../src/storage/database.ts';
import { internEventType, internUser } from '../../../src/storage/stores/names.ts';

export const makeRoomForTest = writer(
  'makeRoomForTest',
  async (tx, args: { roomId: string; isPublic: boolean }): Promise<number> => {
    const row = await tx.get<{ nid: number }>(
      `INSERT INTO rooms (room_id, version, sequence, state_root, extremities, latest_position, notified_total, is_public)
       VALUES (?, '12', 0, ?, '[]', 0, 0, ?) RETURNING nid`,
      args.roomId,
      new Uint8Array(32),
      args.isPublic ? 1 : 0,
    );
    return row!.nid;
  },
);

/** The member's nid. */
export const joinForTest = writer(
  'joinForTest',
  async (tx, args: { userId: UserId; room: number; displayname: string; isLocal: boolean }): Promise<number> => {
    const user = await internUser(tx, args.userId);
    const position = await tx.nextPosition({ room: args.room });
    await tx.run(
      `INSERT INTO events (nid, event_id, room, position, type, sender, origin_server_ts, depth, content, rest)
       VALUES (?, ?, ?, ?, ?, ?, 0, 1, ?, '{}')`,
      position,
      `$${position}`,
      args.room,
      position,
      await internEventType(tx, 'm.room.member'),
      user,
      JSON.stringify({ membership: 'join', displayname: args.displayname }),
    );
    await tx.run(
      `INSERT INTO memberships (user_nid, room, membership, event, sender, position, is_local)
       VALUES (?, ?, 'join', ?, ?, ?, ?)`,
      user,
      args.room,
      position,
      user,
      position,
      args.isLocal ? 1 : 0,
    );
    return user;
  },
);
