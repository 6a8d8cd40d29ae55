// Rooms in memory as the next event will find them, one step ahead of the database: what was drafted and enqueued
// counts already. When a write fails the room is dropped and read again.

import { present } from '../lib/assert.ts';
import { LruCache } from '../lib/lru-cache.ts';
import type { EventId, RoomId } from '../protocol/ids/branded.ts';
import { roomVersion } from '../protocol/room-versions/room-versions.ts';
import type { Database } from '../storage/database.ts';
import { eventsByNid } from '../storage/stores/events.ts';
import { isStateWhole } from '../storage/stores/partial-joins.ts';
import { roomById } from '../storage/stores/rooms.ts';
import type { RoomPolicy } from './policy/room-policy.ts';
import type { RoomEnds } from './receive/room-ends.ts';
import type { RoomRef } from './room-ref.ts';
import { bytesToHash } from './state/room-state.ts';
import type { NodeHash } from './state-tree/state-node.ts';

export interface Extremity {
  readonly nid: number;
  readonly eventId: EventId;
  readonly depth: number;
  /** Root of the state after it. */
  readonly stateRoot: NodeHash;
}

/** What one draft leaves to the next. */
export interface RoomHead {
  /** Grows by one with each persist; the database refuses a draft made on another. */
  readonly sequence: number;
  readonly stateRoot: NodeHash;
  readonly extremities: readonly Extremity[];
  readonly notifiedTotal: number;
}

export interface WarmRoom extends RoomRef {
  head: RoomHead;
  /** Its whole state is not known yet: members may be missing in it. */
  isPartial: boolean;
  /** The write that was enqueued last; resolves when it and all before it are on disk, rejects when it failed. */
  latestWrite: Promise<unknown>;
  /** The write of the latest events that wait for others: whoever comes next looks on the disk for those that waited for it. */
  latestWaiting?: Promise<unknown>;
  /** What receiving learnt of these extremities. */
  ends?: RoomEnds | undefined;
  /** undefined: nobody looked yet. */
  policy?: RoomPolicy;
}

export interface WarmRooms {
  /** undefined: no such room here. Call it under the room's lock. */
  get(roomId: RoomId): Promise<WarmRoom | undefined>;
  put(room: WarmRoom): void;
  /** Forgets what was drafted on a write that failed, but not what was read since. */
  drop(room: WarmRoom): void;
}

const WARM_ROOMS_MAX = 10_000;

export const createWarmRooms = (deps: { db: Database }): WarmRooms => {
  const rooms = new LruCache<RoomId, WarmRoom>(WARM_ROOMS_MAX);
  return {
    async get(roomId) {
      const warm = rooms.get(roomId);
      if (warm) return warm;
      const loaded = await load(deps.db, roomId);
      if (loaded) rooms.set(roomId, loaded);
      return loaded;
    },
    put: (room) => rooms.set(room.roomId, room),
    drop: (room) => {
      if (rooms.get(room.roomId) === room) rooms.delete(room.roomId);
    },
  };
};

const load = (db: Database, roomId: RoomId): Promise<WarmRoom | undefined> =>
  db.read(async (tx) => {
    const stored = await roomById(tx, roomId);
    if (!stored) return undefined;
    const version = roomVersion(stored.version);
    if (!version) throw new Error(`room ${roomId} has the unknown version ${stored.version}`);
    const byNid = new Map((await eventsByNid(tx, stored.extremities)).map((event) => [event.nid, event]));
    // In the stored order, by which a write knows that it follows what it was drafted upon.
    const extremities = stored.extremities.map((nid) => present(byNid.get(nid), `event ${nid} is stored`));
    return {
      nid: stored.nid,
      roomId,
      version,
      head: {
        sequence: stored.sequence,
        stateRoot: bytesToHash(stored.stateRoot),
        extremities: extremities.map(({ nid, eventId, depth, stateRoot }) => ({
          nid,
          eventId,
          depth,
          stateRoot: bytesToHash(present(stateRoot, `the state after event ${nid} is known`)),
        })),
        notifiedTotal: stored.notifiedTotal,
      },
      isPartial: stored.isPartial && !(await isStateWhole(tx, stored.nid)),
      latestWrite: Promise.resolve(),
    };
  });
