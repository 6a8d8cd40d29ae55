// Devices of other servers' users: asked for when they are wanted, kept and followed while a room is shared.
// Server-Server API, "Device Management" and "End-to-End Encryption".

import type { DevicesWanted, QueriedKeys, RemoteKeys } from '../../../e2ee/ports.ts';
import { type KeysOfUsers, noKeys } from '../../../e2ee/query-keys.ts';
import type { Clock } from '../../../lib/clock.ts';
import type { Log } from '../../../lib/log.ts';
import { LruCache } from '../../../lib/lru-cache.ts';
import { singleFlight } from '../../../lib/single-flight.ts';
import { PeerError } from '../../../peers/peer-error.ts';
import type { Peers } from '../../../peers/peers.ts';
import type { JsonObject } from '../../../protocol/events/json.ts';
import type { ServerName, UserId } from '../../../protocol/ids/branded.ts';
import type { Database, ReadTx } from '../../../storage/database.ts';
import { type CrossSigningKey, crossSigningKeysOfUsers } from '../../../storage/stores/cross-signing.ts';
import { findUsers } from '../../../storage/stores/names.ts';
import { markRemoteListsStale, remoteListsOf, usersMetHere } from '../../../storage/stores/remote-device-lists.ts';
import {
  applyDeviceUpdates,
  type DeviceUpdate,
  type FetchedList,
  type RemoteDevice,
  remoteDevicesOf,
  storeRemoteCrossSigning,
  storeRemoteLists,
} from '../../../storage/stores/remote-devices.ts';
import { createKeyCalls } from './fetch-lists.ts';
import { readCrossSigning } from './read-keys.ts';
import { Resync } from './resync.ts';

export interface RemoteDevicesDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly peers: Pick<Peers, 'call' | 'onReachable'>;
}

/** Updates of a user's list, in order. */
export interface UserUpdates {
  readonly userId: UserId;
  readonly updates: readonly DeviceUpdate[];
}

export interface RemoteDevices extends RemoteKeys, AsyncDisposable {
  /** Takes up what an earlier process left. */
  start(): void;
  /** Takes m.device_list_update of users whose server sent them. */
  update(users: readonly UserUpdates[]): Promise<void>;
  /** Takes m.signing_key_update of a user whose server sent it. */
  updateCrossSigning(userId: UserId, content: JsonObject): Promise<void>;
  /** Has the lists fetched: they are stale in the database. */
  resync(userIds: readonly UserId[]): void;
}

/** Users of whom is remembered when an update came. */
const REMEMBERED_MAX = 10_000;

const createUpdateCount = () => {
  const latest = new LruCache<UserId, number>(REMEMBERED_MAX);
  let count = 0;
  return {
    get count() {
      return count;
    },
    note(userId: UserId): void {
      count += 1;
      latest.set(userId, count);
    },
    hasSince: (userId: UserId, since: number): boolean => (latest.peek(userId) ?? 0) > since,
  };
};

export const createRemoteDevices = (deps: RemoteDevicesDeps): RemoteDevices => {
  const { db, clock } = deps;
  const calls = createKeyCalls(deps);
  const updates = createUpdateCount();
  const resync = new Resync({ ...deps, calls, updates });
  const flights = singleFlight<string, readonly FetchedList[]>();

  /** Asks the server, and keeps what it says of users with whom a room is shared. */
  const fetchLists = (server: ServerName, wanted: DevicesWanted, met: ReadonlySet<UserId>, timeoutMs: number) => {
    const fetch = async (): Promise<readonly FetchedList[]> => {
      const began = updates.count;
      const whole = new Map([...wanted].map(([userId, ids]) => [userId, met.has(userId) ? [] : ids] as const));
      const found = await calls.query(server, whole, timeoutMs);
      const lists = found.map((list) => ({ ...list, isStale: updates.hasSince(list.userId, began) }));
      const kept = lists.filter(({ userId }) => met.has(userId));
      if (kept.length > 0) await db.write(storeRemoteLists, { lists: kept, now: clock.now() });
      resync.add(kept.filter(({ isStale }) => isStale).map(({ userId }) => userId));
      return lists;
    };
    // Members of a large room ask for the same users within a moment.
    return flights.run(JSON.stringify([server, [...wanted].map(([userId, ids]) => [userId, ids])]), fetch);
  };

  const query: RemoteKeys['query'] = async (server, wanted, timeoutMs): Promise<QueriedKeys> => {
    const keys = noKeys();
    const { known, met } = await db.read((tx) => readKept(tx, [...wanted.keys()]));
    for (const list of known) addList(keys, list, wanted);
    const unknown = new Map(wanted);
    for (const { userId } of known) unknown.delete(userId);
    if (unknown.size === 0) return { keys };
    try {
      for (const list of await fetchLists(server, unknown, met, timeoutMs)) addList(keys, list, wanted);
      return { keys };
    } catch (error) {
      if (!(error instanceof PeerError)) throw error;
      const stale = [...unknown.keys()].filter((userId) => met.has(userId));
      if (stale.length > 0) await db.write(markRemoteListsStale, { userIds: stale, now: clock.now() });
      resync.add(stale);
      return { keys, failure: error };
    }
  };

  return {
    query,
    claim: calls.claim,

    async update(users) {
      for (const { userId } of users) updates.note(userId);
      const outcomes = await db.write(applyDeviceUpdates, { users, now: clock.now() });
      resync.add(users.filter((_, index) => outcomes[index] === 'stale').map(({ userId }) => userId));
    },

    async updateCrossSigning(userId, content) {
      updates.note(userId);
      await takeCrossSigning(db, userId, content);
    },

    resync: (userIds) => resync.add(userIds),
    start: () => resync.start(),
    [Symbol.asyncDispose]: () => resync[Symbol.asyncDispose](),
  };
};

interface KeptList {
  readonly userId: UserId;
  readonly devices: readonly RemoteDevice[];
  readonly crossSigning: readonly CrossSigningKey[];
}

/** Lists that are followed and fresh; and those of the other users with whom a room is shared. */
const readKept = async (
  tx: ReadTx,
  userIds: readonly UserId[],
): Promise<{ known: readonly KeptList[]; met: ReadonlySet<UserId> }> => {
  const users = await findUsers(tx, userIds);
  // Whoever shared a room until a moment ago may still have a list, which is not followed any more.
  const metUsers = await usersMetHere(tx, [...users.values()]);
  const met = new Set([...users].filter(([, user]) => metUsers.has(user)).map(([userId]) => userId));
  const lists = await remoteListsOf(tx, [...met]);
  const fresh = [...lists.values()].filter(({ isStale }) => isStale === 0);
  const nids = fresh.map(({ user }) => user);
  const devices = Map.groupBy(await remoteDevicesOf(tx, nids), ({ user }) => user);
  const crossSigning = Map.groupBy(
    nids.length === 0 ? [] : await crossSigningKeysOfUsers(tx, nids),
    ({ user }) => user,
  );
  const known = fresh.map(({ user, userId }) => ({
    userId,
    devices: devices.get(user) ?? [],
    crossSigning: crossSigning.get(user) ?? [],
  }));
  for (const { userId } of known) met.delete(userId);
  return { known, met };
};

const takeCrossSigning = async (db: Database, userId: UserId, content: JsonObject): Promise<void> => {
  const { master_key: master, self_signing_key: selfSigning } = content;
  const stored = await db.read(async (tx) => {
    const user = (await findUsers(tx, [userId])).get(userId);
    return user === undefined ? [] : crossSigningKeysOfUsers(tx, [user]);
  });
  const before = stored.find(({ usage }) => usage === 'master');
  const keys = await readCrossSigning(userId, master, selfSigning, before?.publicKey);
  if (keys.length > 0) await db.write(storeRemoteCrossSigning, { userId, keys: withUnchanged(keys, stored) });
};

/** What the update does not name stays, but no self-signing key that another master key signed. */
const withUnchanged = (
  keys: readonly CrossSigningKey[],
  stored: readonly CrossSigningKey[],
): readonly CrossSigningKey[] => {
  const find = (among: readonly CrossSigningKey[], usage: string) => among.find((key) => key.usage === usage);
  const before = find(stored, 'master');
  const master = find(keys, 'master') ?? before;
  const isSameMaster = master?.publicKey === before?.publicKey;
  const selfSigning = find(keys, 'self_signing') ?? (isSameMaster ? find(stored, 'self_signing') : undefined);
  return [master, selfSigning]
    .filter((key) => key !== undefined)
    .map(({ usage, publicKey, content }) => ({ usage, publicKey, content }));
};

const addList = (answer: KeysOfUsers, list: KeptList, wanted: DevicesWanted): void => {
  const { userId, devices, crossSigning } = list;
  const ids = wanted.get(userId) ?? [];
  const shown = Object.create(null) as Record<string, JsonObject>;
  for (const { deviceId, displayName, keys } of devices) {
    if (keys === null || (ids.length > 0 && !ids.includes(deviceId))) continue;
    const unsigned: JsonObject = displayName === null ? {} : { device_display_name: displayName };
    shown[deviceId] = { ...(JSON.parse(keys) as JsonObject), unsigned };
  }
  answer.device_keys[userId] = shown;
  for (const { usage, content } of crossSigning) {
    if (usage === 'master') answer.master_keys[userId] = JSON.parse(content) as JsonObject;
    if (usage === 'self_signing') answer.self_signing_keys[userId] = JSON.parse(content) as JsonObject;
  }
};
