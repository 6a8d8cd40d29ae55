// Devices of other servers' users, as their lists are fetched and then kept current by updates. Server-Server API, "Device Management".

import type { UserId } from '../../protocol/ids/branded.ts';
import type { ReadTx, WriteTx } from '../database.ts';
import { writer } from '../database.ts';
import { fromStoredText, toStoredText } from '../text.ts';
import { type CrossSigningKey, replaceRemoteKeys } from './cross-signing.ts';
import { recordDeviceListChanges } from './device-list-changes.ts';
import { markListStale, metUser, putRemoteList, type RemoteList, remoteListsOf } from './remote-device-lists.ts';

export interface RemoteDevice {
  readonly deviceId: string;
  readonly displayName: string | null;
  /** Canonical JSON; null: it has none. */
  readonly keys: string | null;
}

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
  await putRemoteList(tx, { user, streamId: list.streamId, isStale: list.isStale ? 1 : 0, fetchedTs: now });
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
    await markListStale(tx, user);
    return 'stale';
  }
  const changed = new Set<string>();
  for (const update of taken) if (await applyUpdate(tx, user, update)) changed.add(update.deviceId);
  const last = taken.at(-1);
  if (last) await putRemoteList(tx, { user, streamId: last.streamId, isStale: 0, fetchedTs: now });
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
