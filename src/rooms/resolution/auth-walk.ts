// The auth chains of conflicted events, loaded level by level down to what all states have in common.

import type { RoomEvent } from '../../protocol/events/room-event.ts';
import type { EventId } from '../../protocol/ids/branded.ts';
import { loadEvents } from '../receive/load-events.ts';
import type { RoomRef } from '../room-ref.ts';
import type { Engine } from '../rooms.ts';
import { getEntries } from '../state-tree/read-entries.ts';
import type { NodeHash } from '../state-tree/state-node.ts';

export interface AuthWalk {
  readonly engine: Engine;
  readonly room: RoomRef;
  /** A state that has the common state in it. */
  readonly base: NodeHash;
  /** Nids of the keys on which the states differ. */
  readonly conflictedKeys: ReadonlySet<number>;
  readonly events: Map<EventId, RoomEvent>;
  readonly nids: Map<EventId, number>;
  /** Events that are in the common state, or seen to be in the auth chain of one that is. */
  readonly reached: Set<EventId>;
  add(nid: number, event: RoomEvent, as: 'conflicted' | 'reached' | 'chain'): void;
  reject(eventId: EventId): void;
  isRejected(eventId: EventId): boolean;
  /** The events, without references to events that are not here. */
  given(): Map<EventId, RoomEvent>;
}

export const startWalk = (
  engine: Engine,
  room: RoomRef,
  base: NodeHash,
  conflictedKeys: ReadonlySet<number>,
): AuthWalk => {
  const events = new Map<EventId, RoomEvent>();
  const nids = new Map<EventId, number>();
  const reached = new Set<EventId>();
  const rejected = new Set<EventId>();
  return {
    engine,
    room,
    base,
    conflictedKeys,
    events,
    nids,
    reached,
    add(nid, event, as) {
      events.set(event.eventId, event);
      nids.set(event.eventId, nid);
      if (as === 'reached') reached.add(event.eventId);
    },
    reject: (eventId) => rejected.add(eventId),
    isRejected: (eventId) => rejected.has(eventId),
    given: () => new Map(Array.from(events, ([id, event]) => [id, withoutMissing(event, events)])),
  };
};

/** Auth events that nobody could give us count as absent. */
const withoutMissing = (event: RoomEvent, events: ReadonlyMap<EventId, RoomEvent>): RoomEvent =>
  event.authEvents.every((id) => events.has(id))
    ? event
    : { ...event, authEvents: event.authEvents.filter((id) => events.has(id)) };

/** `powerLevels`: those of the common state, from which the mainline may go. */
export const walkAuthChains = async (walk: AuthWalk, powerLevels: RoomEvent | undefined): Promise<void> => {
  const { events, reached } = walk;
  const isWhole = walk.room.version.stateResolution === 'v2.1';
  let level = [...events.values()].filter(({ eventId }) => !reached.has(eventId));
  if (powerLevels) level.push(powerLevels);
  const expanded = new Set<EventId>();
  while (level.length > 0) {
    const wanted = new Map<EventId, boolean>();
    for (const event of level) {
      expanded.add(event.eventId);
      const isReached = reached.has(event.eventId);
      for (const id of event.authEvents) {
        if (isReached && events.has(id)) reached.add(id);
        if (!events.has(id)) wanted.set(id, isReached || wanted.get(id) === true);
      }
    }
    await loadLevel(walk, wanted);
    const next: RoomEvent[] = [];
    for (const event of level) {
      for (const id of event.authEvents) {
        const cited = events.get(id);
        if (!cited || expanded.has(id)) continue;
        // "every m.room.power_levels in their auth chains": the mainline goes on below what is common.
        if (!isWhole && reached.has(id) && cited.type !== 'm.room.power_levels') continue;
        expanded.add(id);
        next.push(cited);
      }
    }
    level = next;
  }
};

/** `wanted`: event ids, and whether one that is reached refers to it. */
const loadLevel = async (walk: AuthWalk, wanted: ReadonlyMap<EventId, boolean>): Promise<void> => {
  if (wanted.size === 0) return;
  const loaded = await loadEvents(walk.engine, walk.room, wanted.keys());
  const keys = Array.from(loaded.values(), ({ known }) => known.stateKey).filter(
    (key) => key !== null && !walk.conflictedKeys.has(key),
  ) as number[];
  const entries = await getEntries(walk.engine.state.source, walk.base, [...new Set(keys)]);
  for (const [id, { known, event }] of loaded) {
    const isCommon = known.stateKey !== null && entries.get(known.stateKey) === known.nid;
    walk.add(known.nid, event, isCommon || wanted.get(id) ? 'reached' : 'chain');
    if (known.verdict === 2) walk.reject(id);
  }
};
