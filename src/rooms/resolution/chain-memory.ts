// What resolutions learnt of auth chains, kept for those that follow: consecutive resolutions of a room look at the same events.
// References never change, so what is kept here stays true; verdicts and texts that do change are forgotten.

import { LruCache } from '../../lib/lru-cache.ts';
import type { RoomEvent } from '../../protocol/events/room-event.ts';
import type { EventId } from '../../protocol/ids/branded.ts';
import type { StateKey } from '../../protocol/state-resolution/state-key.ts';
import type { NodeHash } from '../state-tree/state-node.ts';

/** A state event as a resolution looks at it; everything it names by nid. */
export interface ChainEvent {
  readonly nid: number;
  /** Without references to auth events that are not here. */
  readonly event: RoomEvent;
  readonly key: StateKey;
  /** nid of its (type, state key). */
  readonly stateKey: number;
  /** In the order of event.authEvents. */
  readonly auths: readonly number[];
  /** nids of the keys that the rules ask the state for, its own among them. */
  readonly asks: readonly number[];
  readonly isRejected: boolean;
}

/** A state event that another one refers to, directly or not. */
export interface Citer {
  readonly event: number;
  readonly stateKey: number;
}

/** What was learnt of one room. */
export interface RoomChains {
  /** Of events that were in the auth chain of a common state: one in whose auth chain they are. */
  readonly reachedBy: Map<number, Citer>;
  /** Events that were in the auth chain of nothing in the state that `base` has outside these keys. */
  readonly unreached: Set<number>;
  base: NodeHash | undefined;
  conflictedKeys: ReadonlySet<number>;
}

export interface ChainMemory {
  get(nid: number): ChainEvent | undefined;
  byId(eventId: EventId): ChainEvent | undefined;
  put(event: ChainEvent): void;
  /** Its verdict or its text is another now. */
  forget(nid: number): void;
  /** Events that others may refer to were not written. */
  clear(): void;
  ofRoom(room: number): RoomChains;
}

/** Most of an event is shared with the memory of state events. */
const EVENTS_MAX = 20_000;
const ROOMS_MAX = 100;
/** Of one room, each of the two lists: about 50 bytes an entry. */
const LEARNT_MAX = 50_000;

export const createChainMemory = (): ChainMemory => {
  // Two generations, so that a hit moves nothing.
  let recent = new Map<number, ChainEvent>();
  let older = new Map<number, ChainEvent>();
  const rooms = new LruCache<number, RoomChains>(ROOMS_MAX);
  const ids = new Map<EventId, ChainEvent>();
  const put = (event: ChainEvent): void => {
    if (recent.size >= EVENTS_MAX / 2) {
      for (const [nid, { event: gone }] of older) if (!recent.has(nid)) ids.delete(gone.eventId);
      older = recent;
      recent = new Map();
    }
    recent.set(event.nid, event);
    ids.set(event.event.eventId, event);
  };
  return {
    get(nid) {
      const there = recent.get(nid);
      if (there) return there;
      const old = older.get(nid);
      if (old) put(old);
      return old;
    },
    byId: (eventId) => ids.get(eventId),
    put,
    forget(nid) {
      const gone = recent.get(nid) ?? older.get(nid);
      if (gone) ids.delete(gone.event.eventId);
      recent.delete(nid);
      older.delete(nid);
    },
    clear() {
      recent.clear();
      older.clear();
      ids.clear();
      rooms.clear();
    },
    ofRoom(room) {
      const known = rooms.get(room);
      if (known && known.reachedBy.size + known.unreached.size <= LEARNT_MAX) return known;
      const nothing: RoomChains = {
        reachedBy: new Map(),
        unreached: new Set(),
        base: undefined,
        conflictedKeys: new Set(),
      };
      rooms.set(room, nothing);
      return nothing;
    },
  };
};
