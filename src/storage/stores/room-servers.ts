// Which servers have users in which rooms.

import type { ServerName, UserId } from '../../protocol/ids/branded.ts';
import type { ReadTx } from '../database.ts';
import { serverPart } from '../dialects/server-part.ts';
import { fromStoredText } from '../text.ts';

/** Other servers with how many of their users are joined, in the room's current state. */
export const serversOfRoom = (tx: ReadTx, room: number): Promise<{ server: ServerName; members: number }[]> =>
  tx.all(
    `SELECT ${serverPart(tx.dialect, 'u.user_id')} AS "server", count(*) AS "members"
     FROM memberships m JOIN users u ON u.nid = m.user_nid
     WHERE m.room = ? AND m.membership = 'join' AND m.is_local = 0 GROUP BY 1`,
    room,
  );

/** Rooms that users of the server are joined to, or where their membership changed after a position. */
export const roomsOfServer = async (tx: ReadTx, server: ServerName, movedAfter: number): Promise<number[]> => {
  const rows = await tx.all<{ room: number }>(
    `SELECT DISTINCT m.room AS "room" FROM users u JOIN memberships m ON m.user_nid = u.nid
     WHERE ${serverPart(tx.dialect, 'u.user_id')} = ? AND (m.membership = 'join' OR m.position > ?)`,
    server,
    movedAfter,
  );
  return rows.map(({ room }) => room);
};

/** Of rooms whose members are not all known yet: the servers in them, as the server said that let us in. */
export const serversOfPartialJoins = async (
  tx: ReadTx,
  rooms: readonly number[],
): Promise<Map<number, readonly ServerName[]>> => {
  const rows = await tx.all<{ room: number; servers: string }>(
    `SELECT room AS "room", servers AS "servers" FROM partial_joins WHERE ${tx.dialect.anyInt('room')}`,
    tx.dialect.list(rooms),
  );
  return new Map(rows.map(({ room, servers }) => [room, JSON.parse(servers) as ServerName[]]));
};

/** Those of the state keys (nids) that are users' memberships: nid → user id. */
export const memberKeysAmong = async (tx: ReadTx, keys: readonly number[]): Promise<Map<number, UserId>> => {
  const rows = await tx.all<{ key: number; userId: string }>(
    `SELECT nid AS "key", state_key AS "userId" FROM state_keys
     WHERE ${tx.dialect.anyInt('nid')} AND type = 'm.room.member'`,
    tx.dialect.list(keys),
  );
  return new Map(rows.map(({ key, userId }) => [key, fromStoredText(userId) as UserId]));
};
