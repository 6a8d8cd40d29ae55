// Who changed their keys when, and who has to hear of it. Client-Server API, "Tracking the device list for a user".

import type { ReadTx, WriteTx } from '../database.ts';
import { toStoredText } from '../text.ts';

/** Of each user, for other servers that catch up; readers of "changed since" need only the latest. */
const CHANGES_KEPT = 100;

/**
 * Records that a user's keys changed: those of some devices, or (null) their cross-signing keys. Everybody who shares a
 * room with the user is woken, and the user's own devices.
 */
export const recordDeviceListChanges = async (
  tx: WriteTx,
  user: number,
  deviceIds: readonly (string | null)[],
): Promise<void> => {
  if (deviceIds.length === 0) return;
  const joined = await tx.all<{ room: number }>(
    `SELECT room AS "room" FROM memberships WHERE user_nid = ? AND membership = 'join'`,
    user,
  );
  // All become visible at once, so waking the rooms once is enough; the rows stand at positions of their own.
  if (joined.length > 0) await tx.nextPosition({ rooms: joined.map((row) => row.room) });
  for (const deviceId of deviceIds) {
    await tx.run(
      'INSERT INTO device_list_changes (position, user_nid, device_id) VALUES (?, ?, ?)',
      await tx.nextPosition({ user }),
      user,
      deviceId === null ? null : toStoredText(deviceId),
    );
  }
  await tx.run(
    `DELETE FROM device_list_changes WHERE user_nid = ? AND position <=
       (SELECT position FROM device_list_changes WHERE user_nid = ? ORDER BY position DESC LIMIT 1 OFFSET ?)`,
    user,
    user,
    CHANGES_KEPT,
  );
};

/** Tells the observer's own devices that there are new signatures, which nobody else sees, on a user's keys. */
export const recordSignatureChange = async (tx: WriteTx, observer: number, user: number): Promise<number> => {
  const position = await tx.nextPosition({ user: observer });
  await tx.run(
    `INSERT INTO signature_changes (observer, user_nid, position) VALUES (?, ?, ?)
     ON CONFLICT (observer, user_nid) DO UPDATE SET position = excluded.position`,
    observer,
    user,
    position,
  );
  return position;
};

/** nids of users with a change of keys in (since, until] which `observer` may see: sharing a room, themselves, or by signing. */
export const usersWithChangedKeys = async (
  tx: ReadTx,
  observer: number,
  since: number,
  until: number,
): Promise<number[]> => {
  const rows = await tx.all<{ user: number }>(
    `SELECT DISTINCT c.user_nid AS "user" FROM device_list_changes c
     WHERE c.position > ? AND c.position <= ? AND (c.user_nid = ? OR EXISTS (
       SELECT 1 FROM memberships theirs CROSS JOIN memberships mine
       WHERE theirs.user_nid = c.user_nid AND theirs.membership = 'join'
         AND mine.user_nid = ? AND mine.room = theirs.room AND mine.membership = 'join'))
     UNION SELECT s.user_nid FROM signature_changes s WHERE s.observer = ? AND s.position > ? AND s.position <= ?`,
    since,
    until,
    observer,
    observer,
    observer,
    since,
    until,
  );
  return rows.map((row) => row.user);
};

export interface MovedMembership {
  readonly user: number;
  readonly room: number;
  readonly isJoined: number;
}

export interface OwnMove extends MovedMembership {
  /** The room was entered without its members, and all of them are known since. */
  readonly isNewlyWhole: number;
}

/** The user's own memberships that changed after `since`, in whatever way. */
export const ownMovesSince = (tx: ReadTx, user: number, since: number): Promise<OwnMove[]> =>
  tx.all(
    `SELECT m.user_nid AS "user", m.room AS "room", CASE WHEN m.membership = 'join' THEN 1 ELSE 0 END AS "isJoined",
       CASE WHEN r.whole_position > ? THEN 1 ELSE 0 END AS "isNewlyWhole"
     FROM memberships m JOIN rooms r ON r.nid = m.room WHERE m.user_nid = ? AND m.position > ?`,
    since,
    user,
    since,
  );

/**
 * Others' memberships that changed after `since` in rooms which the user is in, or where their own changed as well.
 * CROSS JOIN, here and below, has SQLite read the left side first: what changed lately is less than all members of all rooms.
 */
export const movesAroundSince = (tx: ReadTx, user: number, since: number): Promise<MovedMembership[]> =>
  tx.all(
    `SELECT m.user_nid AS "user", m.room AS "room", CASE WHEN m.membership = 'join' THEN 1 ELSE 0 END AS "isJoined"
     FROM memberships m CROSS JOIN memberships mine
     WHERE m.position > ? AND m.user_nid <> ? AND mine.user_nid = ? AND mine.room = m.room
       AND (mine.membership = 'join' OR mine.position > ?)`,
    since,
    user,
    user,
    since,
  );

/** nids of all who are joined to one of the rooms. */
export const joinedUsersOf = async (tx: ReadTx, rooms: readonly number[]): Promise<number[]> => {
  if (rooms.length === 0) return [];
  const rows = await tx.all<{ user: number }>(
    `SELECT DISTINCT user_nid AS "user" FROM memberships WHERE ${tx.dialect.anyInt('room')} AND membership = 'join'`,
    tx.dialect.list(rooms),
  );
  return rows.map((row) => row.user);
};

/** Whether users of other servers are joined to one of the rooms. */
export const hasOthersUsers = async (tx: ReadTx, rooms: readonly number[]): Promise<boolean> =>
  rooms.length > 0 &&
  (await tx.get(
    `SELECT 1 FROM memberships WHERE ${tx.dialect.anyInt('room')} AND membership = 'join' AND is_local = 0 LIMIT 1`,
    tx.dialect.list(rooms),
  )) !== undefined;

/**
 * Which of `others` share a room with the user now. With `unmovedSince`, only rooms count in which neither membership
 * changed after that position: those they certainly shared at that time as well.
 */
export const sharersAmong = async (
  tx: ReadTx,
  user: number,
  others: readonly number[],
  unmovedSince?: number,
): Promise<Set<number>> => {
  if (others.length === 0) return new Set();
  const position = unmovedSince ?? Number.MAX_SAFE_INTEGER;
  const rows = await tx.all<{ user: number }>(
    `SELECT DISTINCT theirs.user_nid AS "user" FROM memberships theirs CROSS JOIN memberships mine
     WHERE ${tx.dialect.anyInt('theirs.user_nid')} AND theirs.membership = 'join' AND theirs.position <= ?
       AND mine.user_nid = ? AND mine.room = theirs.room AND mine.membership = 'join' AND mine.position <= ?`,
    tx.dialect.list(others),
    position,
    user,
    position,
  );
  return new Set(rows.map((row) => row.user));
};
