// What /sync asks of rooms: the rooms of a user, and their states at positions.

import type { EventId, RoomId, UserId } from '../../protocol/ids/branded.ts';
import type { ReadTx } from '../database.ts';
import type { MembershipState } from './memberships.ts';

export interface UserRoomRow {
  readonly nid: number;
  readonly roomId: RoomId;
  readonly version: string;
  readonly membership: MembershipState;
  /** nid of the m.room.member event. */
  readonly event: number;
  readonly sender: number;
  /** Stream position of the last m.room.member event. */
  readonly position: number;
  /** Where the present membership began. */
  readonly sincePosition: number;
  /** 2: the room's whole state is not known yet. */
  readonly residency: number;
  /** Since when the state of a room that was entered in part is whole; 0: it was from the start. */
  readonly wholePosition: number;
}

/** The user's rooms of all memberships that changed after `since`. */
export const userRoomsSince = (tx: ReadTx, user: number, since: number): Promise<UserRoomRow[]> =>
  tx.all(
    `SELECT m.room AS "nid", r.room_id AS "roomId", r.version AS "version", m.membership AS "membership",
       m.event AS "event", m.sender AS "sender", m.position AS "position",
       m.since_position AS "sincePosition", r.residency AS "residency", r.whole_position AS "wholePosition" FROM memberships m JOIN rooms r ON r.nid = m.room WHERE m.user_nid = ? AND m.position > ?`,
    user,
    since,
  );

/** Those of the rooms that the user has forgotten. */
export const forgottenAmong = async (tx: ReadTx, user: number, rooms: readonly number[]): Promise<Set<number>> => {
  if (rooms.length === 0) return new Set();
  const rows = await tx.all<{ room: number }>(
    `SELECT room AS "room" FROM memberships WHERE user_nid = ? AND ${tx.dialect.anyInt('room')} AND forgotten = 1`,
    user,
    tx.dialect.list(rooms),
  );
  return new Set(rows.map((row) => row.room));
};

export interface StateAt {
  /** Since which stream position this has been the room's current state. */
  readonly position: number;
  readonly root: Uint8Array;
}

/** The room's current state as it was at a position; undefined before the room existed here. */
export const stateAt = (tx: ReadTx, room: number, position: number): Promise<StateAt | undefined> =>
  tx.get(
    `SELECT position AS "position", root AS "root" FROM room_states WHERE room = ? AND position <= ?
     ORDER BY position DESC LIMIT 1`,
    room,
    position,
  );

/** Which of the state-key nids are those of m.room.member events. */
export const memberKeysAmong = async (tx: ReadTx, keys: readonly number[]): Promise<Set<number>> => {
  if (keys.length === 0) return new Set();
  const rows = await tx.all<{ nid: number }>(
    `SELECT nid AS "nid" FROM state_keys WHERE ${tx.dialect.anyInt('nid')} AND type = 'm.room.member'`,
    tx.dialect.list(keys),
  );
  return new Set(rows.map((row) => row.nid));
};

/** Those of the events that were redacted. */
export const redactedAmong = async (tx: ReadTx, events: readonly number[]): Promise<Set<number>> => {
  if (events.length === 0) return new Set();
  const rows = await tx.all<{ nid: number }>(
    `SELECT nid AS "nid" FROM events WHERE ${tx.dialect.anyInt('nid')} AND redacted_by IS NOT NULL`,
    tx.dialect.list(events),
  );
  return new Set(rows.map((row) => row.nid));
};

/** Those of the event ids that other events relate to in a way that is bundled. */
export const relatedAmong = async (tx: ReadTx, eventIds: readonly EventId[]): Promise<Set<EventId>> => {
  if (eventIds.length === 0) return new Set();
  const rows = await tx.all<{ eventId: EventId }>(
    `SELECT DISTINCT target_event_id AS "eventId" FROM relations WHERE ${tx.dialect.anyText('target_event_id')}
     AND rel_type IN ('m.replace', 'm.thread', 'm.reference')`,
    tx.dialect.list(eventIds),
  );
  return new Set(rows.map((row) => row.eventId));
};

/** Those of the room's events with previous events that have not arrived. */
export const eventsAfterGaps = async (tx: ReadTx, room: number, events: readonly number[]): Promise<Set<number>> => {
  if (events.length === 0) return new Set();
  const rows = await tx.all<{ event: number }>(
    `SELECT DISTINCT event AS "event" FROM missing_edges WHERE room = ? AND ${tx.dialect.anyInt('event')}`,
    room,
    tx.dialect.list(events),
  );
  return new Set(rows.map((row) => row.event));
};

/** Position of the room's latest receipt, of whatever kind; 0 for none. */
export const latestReceipt = async (tx: ReadTx, room: number): Promise<number> => {
  const row = await tx.get<{ position: number | null }>(
    'SELECT max(position) AS "position" FROM receipts WHERE room = ?',
    room,
  );
  return row?.position ?? 0;
};

export interface MemberCounts {
  readonly joined: number;
  readonly invited: number;
}

export const memberCounts = async (tx: ReadTx, room: number): Promise<MemberCounts> => {
  const rows = await tx.all<{ membership: MembershipState; count: number }>(
    `SELECT membership AS "membership", count(*) AS "count" FROM memberships
     WHERE room = ? AND membership IN ('join', 'invite') GROUP BY membership`,
    room,
  );
  const count = (wanted: MembershipState): number => rows.find(({ membership }) => membership === wanted)?.count ?? 0;
  return { joined: count('join'), invited: count('invite') };
};

/** The first members of a room by the stream, of some memberships. Looks at all of those. */
export const firstMembers = async (
  tx: ReadTx,
  room: number,
  memberships: readonly MembershipState[],
  limit: number,
): Promise<UserId[]> => {
  const rows = await tx.all<{ userId: UserId }>(
    `SELECT u.user_id AS "userId" FROM memberships m JOIN users u ON u.nid = m.user_nid
     WHERE m.room = ? AND ${tx.dialect.anyText('m.membership')} ORDER BY m.position, m.user_nid LIMIT ?`,
    room,
    tx.dialect.list(memberships),
    limit,
  );
  return rows.map((row) => row.userId);
};
