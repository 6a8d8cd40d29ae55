// The current membership of users in rooms, derived from the rooms' current state.

import type { RoomId, UserId } from '../../protocol/ids/branded.ts';
import type { ReadTx } from '../database.ts';
import { writer } from '../database.ts';

export type MembershipState = 'join' | 'invite' | 'knock' | 'leave' | 'ban';

export interface StoredMembership {
  readonly user: number;
  readonly room: number;
  readonly membership: MembershipState;
  /** nid of the m.room.member event. */
  readonly event: number;
  readonly sender: number;
  /** Stream position of its last change. */
  readonly position: number;
  readonly isLocal: number;
  readonly forgotten: number;
  /** Where their present membership began: a join does not begin anew with a change of the profile. */
  readonly sincePosition: number;
}

const SELECT_MEMBERSHIP = `SELECT m.user_nid AS "user", m.room AS "room", m.membership AS "membership", m.event AS "event",
  m.sender AS "sender", m.position AS "position", m.is_local AS "isLocal", m.forgotten AS "forgotten",
  m.since_position AS "sincePosition" FROM memberships m`;

/** Also in a room that this server is not in; undefined: none. */
export const membershipIn = async (tx: ReadTx, user: number, roomId: RoomId): Promise<MembershipState | undefined> => {
  const row = await tx.get<{ membership: MembershipState }>(
    `SELECT m.membership AS "membership" FROM memberships m JOIN rooms r ON r.nid = m.room
     WHERE m.user_nid = ? AND r.room_id = ?`,
    user,
    roomId,
  );
  return row?.membership;
};

export const membershipOf = (tx: ReadTx, user: number, room: number): Promise<StoredMembership | undefined> =>
  tx.get(`${SELECT_MEMBERSHIP} WHERE m.user_nid = ? AND m.room = ?`, user, room);

/** Every room the user has or had something to do with. */
export const membershipsOfUser = (tx: ReadTx, user: number): Promise<StoredMembership[]> =>
  tx.all(`${SELECT_MEMBERSHIP} WHERE m.user_nid = ?`, user);

export interface JoinedMember {
  readonly user: number;
  readonly userId: UserId;
  readonly isLocal: number;
  /** Of the m.room.member event; JSON text. */
  readonly content: string;
}

/** A page of those who are in a room, in an order of their own. `after`: the last one of the page before. */
export const joinedMembersAfter = (
  tx: ReadTx,
  room: number,
  after: Pick<JoinedMember, 'isLocal' | 'user'> | undefined,
  limit: number,
): Promise<JoinedMember[]> =>
  tx.all(
    `SELECT m.user_nid AS "user", u.user_id AS "userId", m.is_local AS "isLocal", e.content AS "content" FROM memberships m
     JOIN users u ON u.nid = m.user_nid JOIN events e ON e.nid = m.event
     WHERE m.room = ? AND m.membership = 'join' AND (m.is_local, m.user_nid) > (?, ?)
     ORDER BY m.is_local, m.user_nid LIMIT ?`,
    room,
    after?.isLocal ?? -1,
    after?.user ?? -1,
    limit,
  );

/** The m.room.member events of the room's current state (nids), with what they say. */
export const memberEventsOfRoom = (
  tx: ReadTx,
  room: number,
): Promise<{ membership: MembershipState; event: number }[]> =>
  tx.all('SELECT membership AS "membership", event AS "event" FROM memberships WHERE room = ?', room);

export interface MemberEvent {
  readonly event: number;
  readonly sender: number;
  readonly user: number;
  readonly userId: UserId;
  /** JSON text. */
  readonly content: string;
}

/** Those of the events (nids) that are m.room.member events of users, in no particular order. */
export const memberEventsAmong = (tx: ReadTx, events: readonly number[]): Promise<MemberEvent[]> =>
  tx.all(
    `SELECT e.nid AS "event", e.sender AS "sender", u.nid AS "user", u.user_id AS "userId", e.content AS "content"
     FROM events e JOIN state_keys k ON k.nid = e.state_key AND k.type = 'm.room.member'
     JOIN users u ON u.user_id = k.state_key WHERE ${tx.dialect.anyInt('e.nid')}`,
    tx.dialect.list(events),
  );

export const countMembers = async (tx: ReadTx, room: number, membership: MembershipState): Promise<number> => {
  const row = await tx.get<{ count: number }>(
    'SELECT count(*) AS "count" FROM memberships WHERE room = ? AND membership = ?',
    room,
    membership,
  );
  return row!.count;
};

/** nids of this server's users who are joined. */
export const localMembers = async (tx: ReadTx, room: number): Promise<number[]> => {
  const rows = await tx.all<{ user: number }>(
    `SELECT user_nid AS "user" FROM memberships WHERE room = ? AND membership = 'join' AND is_local = 1`,
    room,
  );
  return rows.map((row) => row.user);
};

export const joinedRooms = async (tx: ReadTx, user: number): Promise<RoomId[]> => {
  const rows = await tx.all<{ roomId: RoomId }>(
    `SELECT r.room_id AS "roomId" FROM memberships m JOIN rooms r ON r.nid = m.room
     WHERE m.user_nid = ? AND m.membership = 'join' ORDER BY m.room`,
    user,
  );
  return rows.map((row) => row.roomId);
};

export interface RoomOfUser {
  readonly nid: number;
  readonly roomId: RoomId;
  readonly version: string;
  readonly membership: MembershipState;
}

/** Rooms the user is joined to, or has left (or was banned from) and not forgotten. */
export const presentAndPastRooms = (tx: ReadTx, user: number): Promise<RoomOfUser[]> =>
  tx.all(
    `SELECT r.nid AS "nid", r.room_id AS "roomId", r.version AS "version", m.membership AS "membership"
     FROM memberships m JOIN rooms r ON r.nid = m.room
     WHERE m.user_nid = ? AND m.forgotten = 0 AND m.membership IN ('join', 'leave', 'ban')`,
    user,
  );

/** Rooms (by nid, above `after`) that both users are joined to. */
export const mutualRoomsOf = (
  tx: ReadTx,
  user: number,
  other: number,
  after: number,
  limit: number,
): Promise<{ room: number; roomId: RoomId }[]> =>
  tx.all(
    `SELECT r.nid AS "room", r.room_id AS "roomId" FROM memberships a
     JOIN memberships b ON b.room = a.room AND b.user_nid = ? AND b.membership = 'join'
     JOIN rooms r ON r.nid = a.room
     WHERE a.user_nid = ? AND a.membership = 'join' AND a.room > ? ORDER BY a.room LIMIT ?`,
    other,
    user,
    after,
    limit,
  );

export const countMutualRooms = async (tx: ReadTx, user: number, other: number): Promise<number> => {
  const row = await tx.get<{ count: number }>(
    `SELECT count(*) AS "count" FROM memberships a
     JOIN memberships b ON b.room = a.room AND b.user_nid = ? AND b.membership = 'join'
     WHERE a.user_nid = ? AND a.membership = 'join'`,
    other,
    user,
  );
  return row!.count;
};

/** Returns whether there was a room to forget: one that the user left or was banned from. Wakes the user's devices. */
export const forgetRoom = writer('forgetRoom', async (tx, args: { user: number; room: number }): Promise<boolean> => {
  const changed = await tx.run(
    `UPDATE memberships SET forgotten = 1 WHERE user_nid = ? AND room = ? AND membership IN ('leave', 'ban')`,
    args.user,
    args.room,
  );
  if (changed > 0) await tx.nextPosition({ user: args.user });
  return changed > 0;
});

/**
 * Of those of the users who have or had something to do with the room. CROSS JOIN has SQLite begin with the users: the room may
 * have many more.
 */
export const membershipsAmong = async (
  tx: ReadTx,
  room: number,
  userIds: readonly UserId[],
): Promise<Map<UserId, { readonly user: number; readonly membership: MembershipState }>> => {
  const rows = await tx.all<{ user: number; userId: UserId; membership: MembershipState }>(
    `SELECT u.nid AS "user", u.user_id AS "userId", m.membership AS "membership" FROM users u
     CROSS JOIN memberships m WHERE ${tx.dialect.anyText('u.user_id')} AND m.user_nid = u.nid AND m.room = ?`,
    tx.dialect.list(userIds),
    room,
  );
  return new Map(rows.map((row) => [row.userId, row]));
};
