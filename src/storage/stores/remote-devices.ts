// Device lists of other servers' users, followed while a room is shared with them. Server-Server API, "Device Management".

import type { UserId } from '../../protocol/ids/branded.ts';
import type { ReadTx, WriteTx } from '../database.ts';
import { writer } from '../database.ts';
import { fromStoredText, toStoredText } from '../text.ts';
import { type CrossSigningKey, replaceRemoteKeys } from './cross-signing.ts';
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

export interface RemoteDevice {
  readonly deviceId: string;
  readonly displayName: string | null;
  /** Canonical JSON; null: it has none. */
  readonly keys: string | null;
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

export const remoteDevicesOf = async (
  tx: ReadTx,
  users: readonly number[],
): Promise<(RemoteDevice & { readonly user: number })[]> => {
  if (users.length === 0) return [];
  const rows = await tx.all<RemoteDevice & { user: number }>(
    `SELECT user_nid AS "user", device_id AS "deviceId", display_name AS "displayName", keys AS "keys"
     FROM remote_devices WHERE ${tx.dialect.anyInt('user_nid')} ORDER BY user_nid, device_id`,
    tx.dialect.list(users),
  );
  return rows.map((row) => ({
    ...row,
    deviceId: fromStoredText(row.deviceId),
    displayName: row.displayName === null ? null : fromStoredText(row.displayName),
  }));
};

/** Those of the users who are joined to a room together with a user of this server. */
export const usersMetHere = async (tx: ReadTx, users: readonly number[]): Promise<Set<number>> => {
  if (users.length === 0) return new Set();
  const rows = await tx.all<{ user: number }>(
    `SELECT DISTINCT theirs.user_nid AS "user" FROM memberships theirs
     WHERE ${tx.dialect.anyInt('theirs.user_nid')} AND theirs.membership = 'join' AND EXISTS (
       SELECT 1 FROM memberships ours WHERE ours.room = theirs.room AND ours.membership = 'join' AND ours.is_local = 1)`,
    tx.dialect.list(users),
  );
  return new Set(rows.map((row) => row.user));
};

export interface FetchedList {
  readonly userId: UserId;
  /** NO_STREAM_ID where the answer had none. */
  readonly streamId: number;
  /** Something changed while it was on its way: it is not to be answered with. */
  readonly isStale: boolean;
  readonly devices: readonly RemoteDevice[];
  /** The master and the self-signing key, as far as they are there. */
  readonly crossSigning: readonly CrossSigningKey[];
}

/**
 * Keeps lists as they were fetched, of those users with whom a room is shared. Who shares a room with a user whose list was
 * followed already hears of what changed.
 */
export const storeRemoteLists = writer(
  'storeRemoteLists',
  async (tx, args: { lists: readonly FetchedList[]; now: number }): Promise<void> => {
    for (const list of args.lists) await storeList(tx, list, args.now);
  },
);

const metUser = async (tx: ReadTx, userId: UserId): Promise<number | undefined> => {
  const user = await findUser(tx, userId);
  return user !== undefined && (await usersMetHere(tx, [user])).has(user) ? user : undefined;
};

const storeList = async (tx: WriteTx, list: FetchedList, now: number): Promise<void> => {
  const user = await metUser(tx, list.userId);
  if (user === undefined) return;
  const wasFollowed = (await remoteListsOf(tx, [list.userId])).size > 0;
  const before = new Map((await remoteDevicesOf(tx, [user])).map((device) => [device.deviceId, device]));
  const changed = new Set<string | null>();
  for (const device of list.devices) {
    if (isSame(before.get(device.deviceId), device)) before.delete(device.deviceId);
    else {
      before.delete(device.deviceId);
      changed.add(device.deviceId);
      await putDevice(tx, user, device);
    }
  }
  for (const deviceId of before.keys()) {
    changed.add(deviceId);
    await deleteDevice(tx, user, deviceId);
  }
  if (await replaceRemoteKeys(tx, user, list.crossSigning)) changed.add(null);
  await putList(tx, { user, streamId: list.streamId, isStale: list.isStale ? 1 : 0, fetchedTs: now });
  if (wasFollowed) await recordDeviceListChanges(tx, user, [...changed]);
};

const isSame = (before: RemoteDevice | undefined, device: RemoteDevice): boolean =>
  before !== undefined && before.displayName === device.displayName && before.keys === device.keys;

const putDevice = (tx: WriteTx, user: number, { deviceId, displayName, keys }: RemoteDevice): Promise<number> =>
  tx.run(
    `INSERT INTO remote_devices (user_nid, device_id, display_name, keys) VALUES (?, ?, ?, ?)
     ON CONFLICT (user_nid, device_id) DO UPDATE SET display_name = excluded.display_name, keys = excluded.keys`,
    user,
    toStoredText(deviceId),
    displayName === null ? null : toStoredText(displayName),
    keys,
  );

const deleteDevice = (tx: WriteTx, user: number, deviceId: string): Promise<number> =>
  tx.run('DELETE FROM remote_devices WHERE user_nid = ? AND device_id = ?', user, toStoredText(deviceId));

const putList = (tx: WriteTx, list: Omit<RemoteList, 'userId'>): Promise<number> =>
  tx.run(
    `INSERT INTO remote_device_lists (user_nid, stream_id, is_stale, fetched_ts) VALUES (?, ?, ?, ?)
     ON CONFLICT (user_nid) DO UPDATE SET stream_id = excluded.stream_id, is_stale = excluded.is_stale,
       fetched_ts = excluded.fetched_ts`,
    list.user,
    list.streamId,
    list.isStale,
    list.fetchedTs,
  );

/** One m.device_list_update. */
export interface DeviceUpdate extends RemoteDevice {
  readonly streamId: number;
  readonly prevIds: readonly number[];
  readonly isDeleted: boolean;
}

/**
 * stranger: no room is shared; nothing was done. current: all were taken, or known. stale: the list lacks something and has to
 * be fetched. unfollowed: nobody asked for the list yet, those who may ask were told.
 */
export type UpdateOutcome = 'stranger' | 'current' | 'stale' | 'unfollowed';

/** An update older than what is here is a repetition so long after it; later, the sender counts anew. */
const REPEATED_MS = 10 * 60_000;
/** More devices of one user are not taken. */
export const REMOTE_DEVICES_MAX = 1_000;

/** Takes updates of users' lists, each user's in order. */
export const applyDeviceUpdates = writer(
  'applyDeviceUpdates',
  async (
    tx,
    args: { users: readonly { readonly userId: UserId; readonly updates: readonly DeviceUpdate[] }[]; now: number },
  ): Promise<UpdateOutcome[]> => {
    const outcomes: UpdateOutcome[] = [];
    for (const { userId, updates } of args.users) outcomes.push(await applyUpdates(tx, userId, updates, args.now));
    return outcomes;
  },
);

const applyUpdates = async (
  tx: WriteTx,
  userId: UserId,
  updates: readonly DeviceUpdate[],
  now: number,
): Promise<UpdateOutcome> => {
  const user = await metUser(tx, userId);
  if (user === undefined) return 'stranger';
  const list = (await remoteListsOf(tx, [userId])).get(userId);
  if (!list) {
    // A device without keys is nothing to those who encrypt.
    const told = updates.filter((update) => update.isDeleted || update.keys !== null);
    await recordDeviceListChanges(tx, user, [...new Set(told.map((update) => update.deviceId))]);
    return 'unfollowed';
  }
  if (list.isStale === 1) return 'stale';
  const taken = updatesToTake(list, updates, now);
  if (taken === 'gap') {
    await markStale(tx, user);
    return 'stale';
  }
  const changed = new Set<string>();
  for (const update of taken) if (await applyUpdate(tx, user, update)) changed.add(update.deviceId);
  const last = taken.at(-1);
  if (last) await putList(tx, { user, streamId: last.streamId, isStale: 0, fetchedTs: now });
  await recordDeviceListChanges(tx, user, [...changed]);
  return 'current';
};

const updatesToTake = (list: RemoteList, updates: readonly DeviceUpdate[], now: number): DeviceUpdate[] | 'gap' => {
  let { streamId } = list;
  const taken: DeviceUpdate[] = [];
  for (const update of updates) {
    if (update.streamId <= streamId) {
      if (now - list.fetchedTs < REPEATED_MS) continue;
      return 'gap';
    }
    // "If a server receives an EDU which refers to a prev_id it does not recognise, it must resynchronise its list".
    if (!update.prevIds.includes(streamId)) return 'gap';
    taken.push(update);
    streamId = update.streamId;
  }
  return taken;
};

const applyUpdate = async (tx: WriteTx, user: number, update: DeviceUpdate): Promise<boolean> => {
  const { deviceId, displayName, keys } = update;
  if (update.isDeleted) return (await deleteDevice(tx, user, deviceId)) > 0;
  const known = await remoteDevicesOf(tx, [user]);
  const before = known.find((device) => device.deviceId === deviceId);
  if (isSame(before, update) || (!before && known.length >= REMOTE_DEVICES_MAX)) return false;
  await putDevice(tx, user, { deviceId, displayName, keys });
  return before?.keys !== undefined || keys !== null;
};

/**
 * Keeps a user's new cross-signing keys and tells those who share a room; of a user whose list is not followed it only tells.
 * false: no room is shared.
 */
export const storeRemoteCrossSigning = writer(
  'storeRemoteCrossSigning',
  async (tx, args: { userId: UserId; keys: readonly CrossSigningKey[] }): Promise<boolean> => {
    const user = await metUser(tx, args.userId);
    if (user === undefined) return false;
    const isFollowed = (await remoteListsOf(tx, [args.userId])).size > 0;
    if (!isFollowed || (await replaceRemoteKeys(tx, user, args.keys))) await recordDeviceListChanges(tx, user, [null]);
    return true;
  },
);

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
    else await markStale(tx, user);
  }
  for (const { user } of (await remoteListsOf(tx, review.doubtful)).values()) await markStale(tx, user);
});

const markStale = (tx: WriteTx, user: number): Promise<number> =>
  tx.run('UPDATE remote_device_lists SET is_stale = 1 WHERE user_nid = ?', user);
