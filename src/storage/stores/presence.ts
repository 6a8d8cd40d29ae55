// What of presence outlives a restart, and who may see whose.

import type { ReadTx } from '../database.ts';
import { writer } from '../database.ts';
import { fromStoredText, toStoredText } from '../text.ts';

export interface StoredPresence {
  readonly user: number;
  readonly statusMsg: string | null;
  /** Milliseconds since the epoch. */
  readonly lastActiveTs: number | null;
}

export const storedPresence = async (tx: ReadTx, user: number): Promise<StoredPresence | undefined> => {
  const row = await tx.get<StoredPresence>(
    `SELECT user_nid AS "user", status_msg AS "statusMsg", last_active_ts AS "lastActiveTs" FROM presence
     WHERE user_nid = ?`,
    user,
  );
  return row && { ...row, statusMsg: row.statusMsg === null ? null : fromStoredText(row.statusMsg) };
};

/** Wakes nobody: presence is told from memory. */
export const putPresences = writer('putPresences', async (tx, rows: readonly StoredPresence[]): Promise<void> => {
  await tx.runMany(
    `INSERT INTO presence (user_nid, status_msg, last_active_ts) VALUES (?, ?, ?)
     ON CONFLICT (user_nid) DO UPDATE SET status_msg = excluded.status_msg, last_active_ts = excluded.last_active_ts`,
    rows.map(({ user, statusMsg, lastActiveTs }) => [
      user,
      statusMsg === null ? null : toStoredText(statusMsg),
      lastActiveTs,
    ]),
  );
});

/** Those of `users` who are joined to a room that `viewer` is joined to. CROSS JOIN has SQLite begin with them. */
export const usersSharingRooms = async (tx: ReadTx, viewer: number, users: readonly number[]): Promise<Set<number>> => {
  if (users.length === 0) return new Set();
  const rows = await tx.all<{ user: number }>(
    `SELECT DISTINCT theirs.user_nid AS "user" FROM memberships theirs
     CROSS JOIN memberships own WHERE ${tx.dialect.anyInt('theirs.user_nid')} AND theirs.membership = 'join'
       AND own.room = theirs.room AND own.user_nid = ? AND own.membership = 'join'`,
    tx.dialect.list(users),
    viewer,
  );
  return new Set(rows.map(({ user }) => user));
};

/** nids of the rooms that any of the users are joined to. */
export const joinedRoomsOfUsers = async (tx: ReadTx, users: readonly number[]): Promise<number[]> => {
  const rows = await tx.all<{ room: number }>(
    `SELECT DISTINCT room AS "room" FROM memberships WHERE ${tx.dialect.anyInt('user_nid')} AND membership = 'join'`,
    tx.dialect.list(users),
  );
  return rows.map(({ room }) => room);
};

/** Of the users, those joined to one of the rooms. */
export const membersAmong = async (
  tx: ReadTx,
  rooms: readonly number[],
  users: readonly number[],
): Promise<Set<number>> => {
  if (rooms.length === 0 || users.length === 0) return new Set();
  const rows = await tx.all<{ user: number }>(
    `SELECT DISTINCT user_nid AS "user" FROM memberships
     WHERE ${tx.dialect.anyInt('user_nid')} AND ${tx.dialect.anyInt('room')} AND membership = 'join'`,
    tx.dialect.list(users),
    tx.dialect.list(rooms),
  );
  return new Set(rows.map(({ user }) => user));
};
