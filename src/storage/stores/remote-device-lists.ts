// Which device lists of other servers' users are followed: while a room is shared with them, and how far. Their devices are in
// remote-devices.ts. Server-Server API, "Device Management".

import type { UserId } from '../../protocol/ids/branded.ts';
import type { ReadTx, WriteTx } from '../database.ts';
import { writer } from '../database.ts';
import { recordDeviceListChanges } from './device-list-changes.ts';
import { findUser } from './names.ts';

/** The list came from an answer that names no position in the user's updates. */
export const NO_STREAM_ID = -1;

export interface RemoteList {
  readonly user: number;
  readonly userId: UserId;
  readonly streamId: number;
  readonly isStale: number;
  /** Milliseconds. */
  readonly fetchedTs: number;
}

const SELECT_LIST = `SELECT l.user_nid AS "user", u.user_id AS "userId", l.stream_id AS "streamId", l.is_stale AS "isStale",
  l.fetched_ts AS "fetchedTs" FROM remote_device_lists l JOIN users u ON u.nid = l.user_nid`;

/** Users whose lists are not followed are absent. */
export const remoteListsOf = async (tx: ReadTx, userIds: readonly UserId[]): Promise<Map<UserId, RemoteList>> => {
  if (userIds.length === 0) return new Map();
  const rows = await tx.all<RemoteList>(
    `${SELECT_LIST} WHERE ${tx.dialect.anyText('u.user_id')}`,
    tx.dialect.list(userIds),
  );
  return new Map(rows.map((row) => [row.userId, row]));
};

/** Users with lists to be fetched anew, by nid above `after`. */
export const staleLists = (tx: ReadTx, after: number, limit: number): Promise<{ user: number; userId: UserId }[]> =>
  tx.all(
    `SELECT l.user_nid AS "user", u.user_id AS "userId" FROM remote_device_lists l JOIN users u ON u.nid = l.user_nid
     WHERE l.is_stale = 1 AND l.user_nid > ? ORDER BY l.user_nid LIMIT ?`,
    after,
    limit,
  );

/** Those of the users who are joined to a room together with a user of this server. */
export const usersMetHere = async (tx: ReadTx, users: readonly number[]): Promise<Set<number>> => {
  if (users.length === 0) return new Set();
  const rows = await tx.all<{ user: number }>(
    `SELECT u.nid AS "user" FROM users u WHERE ${tx.dialect.anyInt('u.nid')} AND EXISTS (
       SELECT 1 FROM memberships theirs JOIN memberships ours ON ours.room = theirs.room
       WHERE theirs.user_nid = u.nid AND theirs.membership = 'join' AND ours.membership = 'join' AND ours.is_local = 1)`,
    tx.dialect.list(users),
  );
  return new Set(rows.map((row) => row.user));
};

/** The nid of a user with whom a room is shared. */
export const metUser = async (tx: ReadTx, userId: UserId): Promise<number | undefined> => {
  const user = await findUser(tx, userId);
  return user !== undefined && (await usersMetHere(tx, [user])).has(user) ? user : undefined;
};

export const putRemoteList = (tx: WriteTx, list: Omit<RemoteList, 'userId'>): Promise<number> =>
  tx.run(
    `INSERT INTO remote_device_lists (user_nid, stream_id, is_stale, fetched_ts) VALUES (?, ?, ?, ?)
     ON CONFLICT (user_nid) DO UPDATE SET stream_id = excluded.stream_id, is_stale = excluded.is_stale,
       fetched_ts = excluded.fetched_ts`,
    list.user,
    list.streamId,
    list.isStale,
    list.fetchedTs,
  );

/** It has to be fetched anew before it counts. */
export const markListStale = (tx: WriteTx, user: number): Promise<number> =>
  tx.run('UPDATE remote_device_lists SET is_stale = 1 WHERE user_nid = ?', user);

/** Has the lists of users fetched, or fetched anew, before they count; those of users with whom no room is shared are left out. */
export const markRemoteListsStale = writer(
  'markRemoteListsStale',
  async (tx, args: { userIds: readonly UserId[]; now: number }): Promise<void> => {
    for (const userId of args.userIds) {
      const user = await metUser(tx, userId);
      if (user === undefined) continue;
      await tx.run(
        `INSERT INTO remote_device_lists (user_nid, stream_id, is_stale, fetched_ts) VALUES (?, ?, 1, ?)
         ON CONFLICT (user_nid) DO UPDATE SET is_stale = 1`,
        user,
        NO_STREAM_ID,
        args.now,
      );
    }
  },
);

/** Tells those who share a room with the users that their devices are not known for sure. */
export const tellOfStaleLists = writer('tellOfStaleLists', async (tx, userIds: readonly UserId[]): Promise<void> => {
  for (const userId of userIds) {
    const user = await metUser(tx, userId);
    if (user !== undefined) await recordDeviceListChanges(tx, user, [null]);
  }
});

/** Forgets the lists of users: they are fetched when somebody asks for them again. */
export const forgetRemoteLists = writer(
  'forgetRemoteLists',
  (tx, userIds: readonly UserId[]): Promise<void> => forgetLists(tx, userIds),
);

const forgetLists = async (tx: WriteTx, userIds: readonly UserId[]): Promise<void> => {
  for (const { user } of (await remoteListsOf(tx, userIds)).values()) {
    await tx.run('DELETE FROM remote_devices WHERE user_nid = ?', user);
    await tx.run('DELETE FROM cross_signing_keys WHERE user_nid = ?', user);
    await tx.run('DELETE FROM remote_device_lists WHERE user_nid = ?', user);
  }
};

/** Followed users who came or went in (after, upTo], and those in rooms which users of ours entered or left. */
const movedFollowed = (tx: ReadTx, after: number, upTo: number): Promise<{ user: number; userId: UserId }[]> =>
  tx.all(
    `SELECT l.user_nid AS "user", u.user_id AS "userId" FROM memberships m
     JOIN remote_device_lists l ON l.user_nid = m.user_nid JOIN users u ON u.nid = l.user_nid
     WHERE m.position > ? AND m.position <= ? AND (m.membership <> 'join' OR m.since_position > ?)
     UNION SELECT l.user_nid, u.user_id FROM memberships ours
     JOIN memberships theirs ON theirs.room = ours.room AND theirs.membership = 'join'
     JOIN remote_device_lists l ON l.user_nid = theirs.user_nid JOIN users u ON u.nid = l.user_nid
     WHERE ours.position > ? AND ours.position <= ? AND ours.is_local = 1
       AND (ours.membership <> 'join' OR ours.since_position > ?)`,
    after,
    upTo,
    after,
    after,
    upTo,
    after,
  );

/** Those of the users who have been joined to a room together with a user of this server since before the position. */
const usersMetSince = async (tx: ReadTx, users: readonly number[], position: number): Promise<Set<number>> => {
  const rows = await tx.all<{ user: number }>(
    `SELECT DISTINCT theirs.user_nid AS "user" FROM memberships theirs
     WHERE ${tx.dialect.anyInt('theirs.user_nid')} AND theirs.membership = 'join' AND theirs.since_position <= ?
       AND EXISTS (SELECT 1 FROM memberships ours WHERE ours.room = theirs.room AND ours.membership = 'join'
         AND ours.is_local = 1 AND ours.since_position <= ?)`,
    tx.dialect.list(users),
    position,
    position,
  );
  return new Set(rows.map((row) => row.user));
};

export interface ListReview {
  /** No room is shared with them any more. */
  readonly ended: readonly UserId[];
  /** One is shared, but for a while none may have been: updates may have been missed. */
  readonly doubtful: readonly UserId[];
}

/** What the moves of members in (after, upTo] mean for the lists that are followed. */
export const reviewFollowedLists = async (tx: ReadTx, after: number, upTo: number): Promise<ListReview> => {
  const moved = await movedFollowed(tx, after, upTo);
  if (moved.length === 0) return { ended: [], doubtful: [] };
  const users = moved.map(({ user }) => user);
  const met = await usersMetHere(tx, users);
  const always = await usersMetSince(tx, users, after);
  return {
    ended: moved.filter(({ user }) => !met.has(user)).map(({ userId }) => userId),
    doubtful: moved.filter(({ user }) => met.has(user) && !always.has(user)).map(({ userId }) => userId),
  };
};

/** Forgets the ended lists (unless a room is shared again by now), and has the doubtful ones fetched anew before they count. */
export const endFollowing = writer('endFollowing', async (tx, review: ListReview): Promise<void> => {
  for (const { user, userId } of (await remoteListsOf(tx, review.ended)).values()) {
    if (!(await usersMetHere(tx, [user])).has(user)) await forgetLists(tx, [userId]);
    else await markListStale(tx, user);
  }
  for (const { user } of (await remoteListsOf(tx, review.doubtful)).values()) await markListStale(tx, user);
});
