// The EDUs that a destination must not miss, from what waits for it in the database. Server-Server API, "EDUs".

import { createHash } from 'node:crypto';
import type { JsonObject } from '../../protocol/events/json.ts';
import type { RoomId, ServerName, UserId } from '../../protocol/ids/branded.ts';
import type { Database } from '../../storage/database.ts';
import { devicesOf } from '../../storage/stores/devices.ts';
import { joinedRooms } from '../../storage/stores/memberships.ts';
import {
  deleteDeliveredEdus,
  destinationsWaitedFor,
  hasDeliveredEdus,
  introductionsFor,
  latestDeviceChanges,
  type OutboundMessage,
  type OwnDeviceChange,
  outboundMessages,
  ownDeviceChanges,
} from '../../storage/stores/outgoing-edus.ts';
import type { OutgoingEdus, PendingEdus } from './outgoing.ts';
import { deviceMembers, type OwnDevicesDeps, type OwnKeys, ownKeysOf } from './own-devices.ts';

export interface PendingEdusDeps extends OwnDevicesDeps {
  readonly db: Database;
  /** Servers with joined users in the room, but this one. */
  readonly serversIn: (roomId: RoomId) => Promise<ReadonlySet<ServerName>>;
}

/** Changes of keys that are looked at at once. */
const CHANGES_AT_ONCE = 500;
/** Looks of one question, when none of what is looked at is for the destination. */
const LOOKS_MAX = 20;
/** Characters of all EDUs; a transaction is bounded by what its receivers take. */
const SIZE_MAX = 1024 * 1024;
/** Devices of one user that a new neighbour is told of: from the first it knows that it has to ask. */
const DEVICES_INTRODUCED_MAX = 20;

interface Entry {
  readonly position: number;
  readonly edus: readonly JsonObject[];
}

type Persistent = Pick<OutgoingEdus, 'destinationsOf' | 'pendingEdus' | 'acknowledge'>;

export const createPendingEdus = (deps: PendingEdusDeps): Persistent => {
  const { db, serversIn } = deps;

  const roomsOf = (users: readonly number[]): Promise<Map<number, RoomId[]>> =>
    db.read(async (tx) => {
      const found = new Map<number, RoomId[]>();
      for (const user of users) found.set(user, await joinedRooms(tx, user));
      return found;
    });

  /** Which of the users share a room with the destination. */
  const neighbours = async (users: readonly number[], destination: ServerName): Promise<Set<number>> => {
    const found = new Set<number>();
    for (const [user, rooms] of await roomsOf(users)) {
      for (const room of rooms) {
        if (!(await serversIn(room)).has(destination)) continue;
        found.add(user);
        break;
      }
    }
    return found;
  };

  const look = async (destination: ServerName, after: number, upTo: number, limit: number): Promise<PendingEdus> => {
    const found = await db.read(async (tx) => {
      const messages = await outboundMessages(tx, destination, after, upTo, limit);
      const introductions = await introductionsFor(tx, destination, after, upTo, limit);
      const changes = await ownDeviceChanges(tx, after, upTo, CHANGES_AT_ONCE);
      const users = [...new Set([...changes, ...introductions].map(({ user }) => user))];
      const devices = new Map<number, readonly string[]>();
      for (const { user } of introductions) {
        devices.set(
          user,
          (await devicesOf(tx, user)).map(({ deviceId }) => deviceId),
        );
      }
      const latestBefore = await latestDeviceChanges(tx, users, after);
      const latest = await latestDeviceChanges(tx, users, upTo);
      return { messages, introductions, changes, devices, latestBefore, latest };
    });
    const { messages, introductions, changes } = found;
    const ends = [
      endOf(messages, limit, upTo),
      endOf(introductions, limit, upTo),
      endOf(changes, CHANGES_AT_ONCE, upTo),
    ];
    const end = Math.min(...ends);
    const sharing = await neighbours([...new Set(changes.map(({ user }) => user))], destination);
    const told = latestOfEach(changes.filter(({ user, position }) => position <= end && sharing.has(user)));
    const userIds = new Set([...told, ...introductions].map(({ userId }) => userId));
    const keysOf = userIds.size === 0 ? undefined : await ownKeysOf(deps, [...userIds]);
    const entries: Entry[] = messages.map(messageEntry);
    if (keysOf) {
      entries.push(...changeEntries(told, found.latestBefore, keysOf));
      for (const { position, user, userId } of introductions) {
        const streamId = found.latest.get(user) ?? position;
        const ids = (found.devices.get(user) ?? []).slice(0, DEVICES_INTRODUCED_MAX);
        const keys = keysOf(userId);
        entries.push({
          position,
          edus: ids.map((deviceId) => deviceUpdate(userId, deviceId, streamId, [], keys, false)),
        });
      }
    }
    return fitting(
      entries.filter(({ position }) => position <= end).sort((a, b) => a.position - b.position),
      end,
      limit,
    );
  };

  return {
    async destinationsOf(after, upTo) {
      const changes = await db.read((tx) => ownDeviceChanges(tx, after, upTo, CHANGES_AT_ONCE));
      const end = endOf(changes, CHANGES_AT_ONCE, upTo);
      const destinations = new Set(await db.read((tx) => destinationsWaitedFor(tx, after, end)));
      const rooms = await roomsOf([...new Set(changes.map(({ user }) => user))]);
      for (const room of new Set([...rooms.values()].flat())) {
        for (const server of await serversIn(room)) destinations.add(server);
      }
      return { destinations, upTo: end };
    },

    async pendingEdus(destination, after, upTo, limit) {
      let from = after;
      for (let looks = 0; looks < LOOKS_MAX && from < upTo; looks++) {
        const found = await look(destination, from, upTo, limit);
        if (found.edus.length > 0 || found.upTo >= upTo) return found;
        from = found.upTo;
      }
      return { edus: [], upTo: from };
    },

    async acknowledge(destination, upTo) {
      const isDue = await db.read((tx) => hasDeliveredEdus(tx, destination, upTo));
      if (isDue) await db.write(deleteDeliveredEdus, { destination, upTo });
    },
  };
};

/** Up to where a list is known that was asked for with a limit. */
const endOf = (rows: readonly { readonly position: number }[], limit: number, upTo: number): number =>
  rows.length < limit ? upTo : rows.at(-1)!.position;

/** Of each device, and of each user's cross-signing keys, the last change: that says all. */
const latestOfEach = (changes: readonly OwnDeviceChange[]): OwnDeviceChange[] => {
  const latest = new Map<string, OwnDeviceChange>();
  for (const change of changes) latest.set(`${change.user} ${change.deviceId ?? ''}`, change);
  return [...latest.values()].sort((a, b) => a.position - b.position);
};

const messageEntry = ({ position, sender, type, messages }: OutboundMessage): Entry => {
  // A position alone would come again when the database is put back to an older state.
  const hash = createHash('sha256').update(type).update(messages).digest('base64url').slice(0, 12);
  const content = { sender, type, message_id: `${position}-${hash}`, messages: JSON.parse(messages) as JsonObject };
  return { position, edus: [{ edu_type: 'm.direct_to_device', content }] };
};

const changeEntries = (
  changes: readonly OwnDeviceChange[],
  latestBefore: ReadonlyMap<number, number>,
  keysOf: (userId: UserId) => OwnKeys,
): Entry[] => {
  const previous = new Map(latestBefore);
  return changes.map(({ position, user, userId, deviceId }): Entry => {
    const keys = keysOf(userId);
    if (deviceId === null) return { position, edus: signingKeyUpdate(userId, keys) };
    const before = previous.get(user);
    previous.set(user, position);
    return {
      position,
      edus: [deviceUpdate(userId, deviceId, position, before === undefined ? [] : [before], keys, true)],
    };
  });
};

/** `goesWithKeys`: a device without keys is one that was deleted. */
const deviceUpdate = (
  userId: UserId,
  deviceId: string,
  streamId: number,
  prevIds: readonly number[],
  { devices }: OwnKeys,
  goesWithKeys: boolean,
): JsonObject => {
  const keys = Object.hasOwn(devices, deviceId) ? devices[deviceId] : undefined;
  const about = keys ? deviceMembers(keys) : goesWithKeys ? { deleted: true } : {};
  return {
    edu_type: 'm.device_list_update',
    content: { user_id: userId, device_id: deviceId, stream_id: streamId, prev_id: [...prevIds], ...about },
  };
};

const signingKeyUpdate = (userId: UserId, { master, selfSigning }: OwnKeys): JsonObject[] => {
  if (!master) return [];
  const content = { user_id: userId, master_key: master, ...(selfSigning && { self_signing_key: selfSigning }) };
  return [{ edu_type: 'm.signing_key_update', content }];
};

/** As many as fit, but at least the first. */
const fitting = (entries: readonly Entry[], end: number, limit: number): PendingEdus => {
  const edus: JsonObject[] = [];
  let size = 0;
  let upTo = end;
  for (const [index, entry] of entries.entries()) {
    const entrySize = entry.edus.reduce((sum, edu) => sum + JSON.stringify(edu).length, 0);
    if (edus.length > 0 && (edus.length + entry.edus.length > limit || size + entrySize > SIZE_MAX)) {
      upTo = entries[index - 1]!.position;
      break;
    }
    edus.push(...entry.edus.slice(0, limit));
    size += entrySize;
  }
  return { edus, upTo };
};
