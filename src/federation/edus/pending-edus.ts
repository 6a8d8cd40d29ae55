// The EDUs that a destination must not miss, from what waits for it in the database. Server-Server API, "EDUs".

import type { JsonObject } from '../../protocol/events/json.ts';
import type { RoomId, ServerName } from '../../protocol/ids/branded.ts';
import type { Database, ReadTx } from '../../storage/database.ts';
import { devicesOf } from '../../storage/stores/devices.ts';
import { joinedRooms } from '../../storage/stores/memberships.ts';
import {
  deleteDeliveredEdus,
  destinationsWaitedFor,
  hasDeliveredEdus,
  introductionsFor,
  latestDeviceChanges,
  outboundMessages,
  ownDeviceChanges,
} from '../../storage/stores/outgoing-edus.ts';
import { changeEntries, type EduEntry, introductionEntry, latestOfEach, messageEntry } from './edu-entries.ts';
import type { OutgoingEdus, PendingEdus } from './outgoing.ts';
import { type OwnDevicesDeps, ownKeysOf } from './own-devices.ts';

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

interface Question {
  readonly destination: ServerName;
  readonly after: number;
  readonly upTo: number;
  readonly limit: number;
}

type Persistent = Pick<OutgoingEdus, 'destinationsOf' | 'pendingEdus' | 'acknowledge'>;

export const createPendingEdus = (deps: PendingEdusDeps): Persistent => {
  const { db, serversIn } = deps;
  return {
    async destinationsOf(after, upTo) {
      const changes = await db.read((tx) => ownDeviceChanges(tx, after, upTo, CHANGES_AT_ONCE));
      const end = endOf(changes, CHANGES_AT_ONCE, upTo);
      const destinations = new Set(await db.read((tx) => destinationsWaitedFor(tx, after, end)));
      const rooms = await roomsOf(db, new Set(changes.map(({ user }) => user)));
      for (const room of new Set([...rooms.values()].flat())) {
        for (const server of await serversIn(room)) destinations.add(server);
      }
      return { destinations, upTo: end };
    },

    async pendingEdus(destination, after, upTo, limit) {
      let from = after;
      for (let looks = 0; looks < LOOKS_MAX && from < upTo; looks++) {
        const found = await look(deps, { destination, after: from, upTo, limit });
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

const roomsOf = (db: Database, users: ReadonlySet<number>): Promise<Map<number, RoomId[]>> =>
  db.read(async (tx) => {
    const found = new Map<number, RoomId[]>();
    for (const user of users) found.set(user, await joinedRooms(tx, user));
    return found;
  });

/** Which of the users share a room with the destination. */
const neighbours = async (
  { db, serversIn }: PendingEdusDeps,
  users: ReadonlySet<number>,
  destination: ServerName,
): Promise<Set<number>> => {
  const found = new Set<number>();
  for (const [user, rooms] of await roomsOf(db, users)) {
    for (const room of rooms) {
      if (!(await serversIn(room)).has(destination)) continue;
      found.add(user);
      break;
    }
  }
  return found;
};

const readWaiting = async (tx: ReadTx, { destination, after, upTo, limit }: Question) => {
  const messages = await outboundMessages(tx, destination, after, upTo, limit);
  const introductions = await introductionsFor(tx, destination, after, upTo, limit);
  const changes = await ownDeviceChanges(tx, after, upTo, CHANGES_AT_ONCE);
  const users = [...new Set([...changes, ...introductions].map(({ user }) => user))];
  const deviceIds = new Map<number, readonly string[]>();
  for (const { user } of introductions) {
    const devices = await devicesOf(tx, user);
    deviceIds.set(
      user,
      devices.map(({ deviceId }) => deviceId),
    );
  }
  const latestBefore = await latestDeviceChanges(tx, users, after);
  const latest = await latestDeviceChanges(tx, users, upTo);
  const end = Math.min(
    endOf(messages, limit, upTo),
    endOf(introductions, limit, upTo),
    endOf(changes, CHANGES_AT_ONCE, upTo),
  );
  return { messages, introductions, changes, deviceIds, latestBefore, latest, end };
};

const look = async (deps: PendingEdusDeps, question: Question): Promise<PendingEdus> => {
  const waiting = await deps.db.read((tx) => readWaiting(tx, question));
  const { introductions, deviceIds, latest, latestBefore, end } = waiting;
  const changed = waiting.changes.filter(({ position }) => position <= end);
  const sharing = await neighbours(deps, new Set(changed.map(({ user }) => user)), question.destination);
  const told = latestOfEach(changed.filter(({ user }) => sharing.has(user)));
  const entries: EduEntry[] = waiting.messages.map(messageEntry);
  if (told.length + introductions.length > 0) {
    const userIds = new Set([...told, ...introductions].map(({ userId }) => userId));
    const keysOf = await ownKeysOf(deps, [...userIds]);
    entries.push(...changeEntries(told, latestBefore, keysOf));
    for (const introduction of introductions) {
      const { user, userId } = introduction;
      entries.push(introductionEntry(introduction, latest.get(user), deviceIds.get(user) ?? [], keysOf(userId)));
    }
  }
  const inOrder = entries.filter(({ position }) => position <= end).sort((a, b) => a.position - b.position);
  return fitting(inOrder, end, question.limit);
};

/** Up to where a list is known that was asked for with a limit. */
const endOf = (rows: readonly { readonly position: number }[], limit: number, upTo: number): number =>
  rows.length < limit ? upTo : rows.at(-1)!.position;

/** As many as fit, but at least the first. */
const fitting = (entries: readonly EduEntry[], end: number, limit: number): PendingEdus => {
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
