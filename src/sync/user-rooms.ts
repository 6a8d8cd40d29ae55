// The rooms of users, in memory: every poll asks for them. Kept current by the members' changes that commits tell.

import { roomVersion } from '../protocol/room-versions/room-versions.ts';
import type { RoomRef } from '../rooms/room-ref.ts';
import type { Database } from '../storage/database.ts';
import type { MembershipState } from '../storage/stores/memberships.ts';
import { type UserRoomRow, userRoomsSince } from '../storage/stores/sync-rooms.ts';
import type { Listener } from '../stream/listeners.ts';
import type { Stream } from '../stream/stream.ts';

export interface UserRoom extends RoomRef {
  readonly membership: MembershipState;
  /** nid of the user's m.room.member event. */
  readonly event: number;
  /** nid of the user who sent it. */
  readonly sender: number;
  /** Stream position of the last m.room.member event. */
  readonly position: number;
  /** Where the present membership began. */
  readonly sincePosition: number;
  /** The members of the room are not all known yet: only for clients that load them lazily. */
  readonly isPartial: boolean;
  /** Since when they are, for a room that was entered without them; 0: from the start. */
  readonly wholePosition: number;
}

export interface UserRooms {
  readonly all: ReadonlyMap<number, UserRoom>;
  readonly joined: ReadonlySet<number>;
  /** The highest position among them. */
  readonly latest: number;
  /** Hears of the user's own changes and of those of the rooms they are joined to. */
  readonly listener: Listener;
}

interface Entry extends UserRooms {
  readonly all: Map<number, UserRoom>;
  readonly joined: Set<number>;
  latest: number;
}

/** Users kept, and rooms of all of them together, each about 300 bytes. */
const USERS_MAX = 10_000;
const ROOMS_MAX = 500_000;

export interface UserRoomsMemory {
  /** What it returns is changed in place by later calls: use it before the next await. */
  of(user: number): Promise<UserRooms>;
}

export const createUserRooms = ({ db, stream }: { db: Database; stream: Stream }): UserRoomsMemory => {
  /** Least recently used first. */
  const entries = new Map<number, Entry>();
  const loading = new Map<number, Promise<void>>();
  /** Users with members' changes that were not read yet. */
  const stale = new Set<number>();
  let roomCount = 0;
  db.onCommit((commit) => {
    for (const { audience } of commit.changes) {
      if (!('room' in audience) || !audience.users) continue;
      for (const user of audience.users) if (entries.has(user) || loading.has(user)) stale.add(user);
    }
  });

  const forgetSome = (): void => {
    for (const [user, entry] of entries) {
      if (entries.size <= 1 || (entries.size <= USERS_MAX && roomCount <= ROOMS_MAX)) return;
      entries.delete(user);
      stale.delete(user);
      roomCount -= entry.all.size;
      // Polls that wait on it come back for a new one.
      entry.listener[Symbol.dispose]();
    }
  };

  const load = async (user: number): Promise<void> => {
    // Before the read: a change meanwhile makes it stale again.
    stale.delete(user);
    const known = entries.get(user);
    const since = known?.latest ?? Number.MIN_SAFE_INTEGER;
    const rows = await db
      .read((tx) => userRoomsSince(tx, user, since))
      .catch((error: unknown) => {
        if (known) stale.add(user);
        throw error;
      });
    // It may have been forgotten meanwhile; then what was read is only a part.
    if (known && entries.get(user) !== known) return;
    const entry = known ?? newEntry(stream.listen(user));
    entries.set(user, entry);
    const before = known?.all.size ?? 0;
    for (const row of rows) take(entry, row);
    roomCount += entry.all.size - before;
    forgetSome();
  };

  const use = (user: number, entry: Entry): UserRooms => {
    entries.delete(user);
    entries.set(user, entry);
    return entry;
  };

  return {
    async of(user) {
      for (;;) {
        const known = entries.get(user);
        let running = loading.get(user);
        // While it is read, it is neither stale nor current.
        if (known && !running && !stale.has(user)) return use(user, known);
        if (!running) {
          running = load(user).finally(() => loading.delete(user));
          loading.set(user, running);
        }
        await running;
      }
    },
  };
};

const newEntry = (listener: Listener): Entry => ({
  all: new Map(),
  joined: new Set(),
  latest: Number.MIN_SAFE_INTEGER,
  listener,
});

const RESIDENT_IN_PART = 2;

const take = (entry: Entry, row: UserRoomRow): void => {
  const version = roomVersion(row.version);
  if (!version) throw new Error(`room ${row.roomId} has the unknown version ${row.version}`);
  const { nid, roomId, membership, event, sender, position, sincePosition, residency, wholePosition } = row;
  const isPartial = residency === RESIDENT_IN_PART;
  entry.all.set(nid, {
    ...{ nid, roomId, version, membership, event, sender, position, sincePosition },
    ...{ isPartial, wholePosition },
  });
  if (membership === 'join') {
    entry.joined.add(nid);
    entry.listener.addRoom(nid);
  } else {
    entry.joined.delete(nid);
    entry.listener.removeRoom(nid);
  }
  if (position > entry.latest) entry.latest = position;
};
