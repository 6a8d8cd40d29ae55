// The rooms of users, in memory: every poll asks for them. Kept current by the members' changes that commits tell.

import { LruCache } from '../lib/lru-cache.ts';
import { roomVersion } from '../protocol/room-versions/room-versions.ts';
import type { RoomRef } from '../rooms/room-ref.ts';
import type { Database } from '../storage/database.ts';
import type { MembershipState } from '../storage/stores/memberships.ts';
import { type UserRoomRow, userRoomsSince } from '../storage/stores/sync-rooms.ts';

export interface UserRoom extends RoomRef {
  readonly membership: MembershipState;
  /** nid of the user's m.room.member event. */
  readonly event: number;
  /** nid of the user who sent it. */
  readonly sender: number;
  /** Stream position of the membership's last change. */
  readonly position: number;
}

export interface UserRooms {
  readonly all: ReadonlyMap<number, UserRoom>;
  readonly joined: ReadonlySet<number>;
  /** The highest position among them. */
  readonly latest: number;
}

interface Entry extends UserRooms {
  readonly all: Map<number, UserRoom>;
  readonly joined: Set<number>;
  latest: number;
}

/** Users kept; one with 1,000 rooms takes about 300 kB. */
const USERS_MAX = 2000;

export interface UserRoomsMemory {
  /** What it returns is changed in place by later calls: use it before the next await. */
  of(user: number): Promise<UserRooms>;
}

export const createUserRooms = ({ db }: { db: Database }): UserRoomsMemory => {
  const entries = new LruCache<number, Entry>(USERS_MAX);
  const loading = new Map<number, Promise<void>>();
  /** Users with members' changes that were not read yet. */
  const stale = new Set<number>();
  db.onCommit((commit) => {
    for (const { audience } of commit.changes) {
      if (!('room' in audience) || !audience.users) continue;
      for (const user of audience.users) if (entries.has(user) || loading.has(user)) stale.add(user);
    }
  });

  const load = async (user: number): Promise<void> => {
    // Before the read: a change meanwhile makes it stale again.
    stale.delete(user);
    const entry: Entry = entries.get(user) ?? { all: new Map(), joined: new Set(), latest: Number.MIN_SAFE_INTEGER };
    entries.delete(user);
    const rows = await db.read((tx) => userRoomsSince(tx, user, entry.latest));
    for (const row of rows) take(entry, row);
    entries.set(user, entry);
  };

  return {
    async of(user) {
      for (;;) {
        const known = entries.get(user);
        if (known && !stale.has(user)) return known;
        let running = loading.get(user);
        if (!running) {
          running = load(user).finally(() => loading.delete(user));
          loading.set(user, running);
        }
        await running;
      }
    },
  };
};

const take = (entry: Entry, row: UserRoomRow): void => {
  const version = roomVersion(row.version);
  if (!version) throw new Error(`room ${row.roomId} has the unknown version ${row.version}`);
  const { nid, roomId, membership, event, sender, position } = row;
  entry.all.set(nid, { nid, roomId, version, membership, event, sender, position });
  if (membership === 'join') entry.joined.add(nid);
  else entry.joined.delete(nid);
  if (position > entry.latest) entry.latest = position;
};
