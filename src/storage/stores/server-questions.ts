// What is read when other servers ask about rooms: the room as it stands, which of their users are or were in it, auth events.

import type { EventId, RoomId, ServerName, UserId } from '../../protocol/ids/branded.ts';
import { serverOf } from '../../protocol/ids/id-parts.ts';
import type { ReadTx } from '../database.ts';
import { unpackRest } from '../rest-text.ts';
import type { MembershipState } from './memberships.ts';

export interface AskedRoomRow {
  readonly nid: number;
  readonly roomId: RoomId;
  readonly version: string;
  readonly stateRoot: Uint8Array;
  /** 0: this server is not in it; 1: it is; 2: it is, without the whole state yet. */
  readonly residency: number;
}

const SELECT_ROOM = `SELECT nid AS "nid", room_id AS "roomId", version AS "version", state_root AS "stateRoot",
  residency AS "residency" FROM rooms`;

export const askedRoomById = (tx: ReadTx, roomId: RoomId): Promise<AskedRoomRow | undefined> =>
  tx.get(`${SELECT_ROOM} WHERE room_id = ?`, roomId);

export const askedRoomByNid = (tx: ReadTx, nid: number): Promise<AskedRoomRow | undefined> =>
  tx.get(`${SELECT_ROOM} WHERE nid = ?`, nid);

/** SQLite compares without regard to case, and a port can look like a whole name: the rows are looked at again. */
const patternOf = (server: ServerName): string => `%:${server}`;

/** Whether a user of another server has this membership in the room. */
export const hasMemberOf = async (
  tx: ReadTx,
  room: number,
  server: ServerName,
  membership: MembershipState,
): Promise<boolean> => {
  const rows = await tx.all<{ userId: UserId }>(
    `SELECT u.user_id AS "userId" FROM memberships m JOIN users u ON u.nid = m.user_nid
     WHERE m.room = ? AND m.membership = ? AND m.is_local = 0 AND u.user_id LIKE ? LIMIT 20`,
    room,
    membership,
    patternOf(server),
  );
  return rows.some(({ userId }) => serverOf(userId) === server);
};

/** Whether users of another server are joined to any of some rooms. */
export const isServerInAny = async (tx: ReadTx, server: ServerName, roomIds: readonly RoomId[]): Promise<boolean> => {
  if (roomIds.length === 0) return false;
  const rooms = await tx.all<{ nid: number }>(
    `SELECT nid AS "nid" FROM rooms WHERE ${tx.dialect.anyText('room_id')}`,
    tx.dialect.list(roomIds),
  );
  for (const { nid } of rooms) if (await hasMemberOf(tx, nid, server, 'join')) return true;
  return false;
};

/** The m.room.member events (nids) of another server's users who are not joined any more. */
export const departuresOf = async (tx: ReadTx, room: number, server: ServerName, limit: number): Promise<number[]> => {
  const rows = await tx.all<{ userId: UserId; event: number }>(
    `SELECT u.user_id AS "userId", m.event AS "event" FROM memberships m JOIN users u ON u.nid = m.user_nid
     WHERE m.room = ? AND m.membership IN ('leave', 'ban') AND m.is_local = 0 AND u.user_id LIKE ?
     ORDER BY m.position DESC LIMIT ?`,
    room,
    patternOf(server),
    limit,
  );
  return rows.filter(({ userId }) => serverOf(userId) === server).map(({ event }) => event);
};

/** The state keys (nids) of another server's members of a room, present and past, those longest there first. */
export const memberKeysOfServer = async (
  tx: ReadTx,
  room: number,
  server: ServerName,
  limit: number,
): Promise<number[]> => {
  const rows = await tx.all<{ userId: UserId; key: number }>(
    `SELECT u.user_id AS "userId", k.nid AS "key" FROM memberships m JOIN users u ON u.nid = m.user_nid
     JOIN state_keys k ON k.type = 'm.room.member' AND k.state_key = u.user_id
     WHERE m.room = ? AND m.is_local = 0 AND u.user_id LIKE ? ORDER BY m.since_position LIMIT ?`,
    room,
    patternOf(server),
    limit,
  );
  return rows.filter(({ userId }) => serverOf(userId) === server).map(({ key }) => key);
};

/** Servers in a room whose members are not known yet, as the server told that let this one in. */
export const serversOfPartialJoin = async (tx: ReadTx, room: number): Promise<ServerName[]> => {
  const row = await tx.get<{ servers: string }>('SELECT servers AS "servers" FROM partial_joins WHERE room = ?', room);
  return row ? (JSON.parse(row.servers) as ServerName[]) : [];
};

/** Of some events their members without columns, as JSON texts. */
export const restsOf = async (tx: ReadTx, nids: readonly number[]): Promise<{ nid: number; rest: string }[]> => {
  const rows = await tx.all<{ nid: number; rest: string }>(
    `SELECT nid AS "nid", rest AS "rest" FROM events WHERE ${tx.dialect.anyInt('nid')}`,
    tx.dialect.list(nids),
  );
  return rows.map(({ nid, rest }) => ({ nid, rest: unpackRest(rest) }));
};

/**
 * nids by event id, of those that are stored in the room. The plus keeps SQLite from looking at all events of the room, which it
 * thinks are few.
 */
export const eventNidsOf = async (
  tx: ReadTx,
  room: number,
  eventIds: readonly EventId[],
): Promise<Map<EventId, number>> => {
  if (eventIds.length === 0) return new Map();
  const rows = await tx.all<{ nid: number; eventId: EventId }>(
    `SELECT nid AS "nid", event_id AS "eventId" FROM events WHERE ${tx.dialect.anyText('event_id')} AND +room = ?`,
    tx.dialect.list(eventIds),
    room,
  );
  return new Map(rows.map(({ nid, eventId }) => [eventId, nid]));
};
