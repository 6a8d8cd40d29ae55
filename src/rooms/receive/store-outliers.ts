// Stores judged outliers in chunks, so that a room of any size takes little memory and keeps other writers waiting shortly.

import { slicesOf } from '../../lib/slices-of.ts';
import type { EventId } from '../../protocol/ids/branded.ts';
import { storeOutliers } from '../../storage/stores/entered-rooms.ts';
import type { VerdictCode } from '../../storage/stores/persist.ts';
import type { RoomRef } from '../room-ref.ts';
import type { Engine } from '../rooms.ts';
import { namesIn } from './intern-events.ts';
import type { JudgedOutlier } from './judge-outliers.ts';
import type { KnownEvent } from './known-events.ts';

const CHUNK = 1000;

export interface StoredOutlier {
  readonly nid: number;
  readonly stateKey: number | null;
  readonly verdict: VerdictCode;
}

export interface StoredOutliers {
  /** Also of events that were named as auth events and are here. */
  readonly events: ReadonlyMap<EventId, StoredOutlier>;
  /** Whether events here waited for some of these: they are to be judged again. */
  readonly wakesOthers: boolean;
}

/**
 * Those that are stored already stay as they are. `judged`: in the order of their references. `known`: what is here of them and of
 * their auth events, if that was looked up.
 */
export const storeJudgedOutliers = async (
  engine: Engine,
  room: RoomRef,
  judged: ReadonlyMap<EventId, JudgedOutlier>,
  known?: ReadonlyMap<EventId, KnownEvent>,
): Promise<StoredOutliers> => {
  const events = new Map<EventId, StoredOutlier>();
  const all = [...judged.values()];
  let woken = 0;
  for (const chunk of slicesOf(all, CHUNK)) {
    const named = chunk.flatMap(({ incoming: { event } }) => [event.eventId, ...event.authEvents]);
    const here = known ?? (await engine.known.of(named.filter((id) => !events.has(id))));
    for (const [id, { nid, stateKey, verdict, room: itsRoom }] of here) {
      if (itsRoom === room.nid) events.set(id, { nid, stateKey, verdict });
    }
    const fresh = chunk.filter(({ incoming: { event } }) => !here.has(event.eventId) && !events.has(event.eventId));
    if (fresh.length > 0) woken += await storeChunk(engine, room, fresh, events);
  }
  return { events, wakesOthers: woken > 0 };
};

/** How many events here waited for some of these. */
const storeChunk = async (
  engine: Engine,
  room: RoomRef,
  fresh: readonly JudgedOutlier[],
  stored: Map<EventId, StoredOutlier>,
): Promise<number> => {
  const { names, places } = namesIn(fresh.map(({ incoming }) => incoming));
  const first = await engine.nids.take(fresh.length);
  const nids = new Map<EventId, number>();
  const authEdges: [number, number][] = [];
  const events = fresh.map(({ incoming, failed, awaits }, index) => {
    const { event, contentJson, restJson } = incoming;
    const { type, sender, stateKey } = places[index]!;
    const nid = first + index;
    const verdict: VerdictCode = failed ? 2 : 0;
    nids.set(event.eventId, nid);
    for (const id of event.authEvents) {
      const auth = nids.get(id) ?? stored.get(id)?.nid;
      if (auth !== undefined && stateKey !== null) authEdges.push([auth, nid]);
    }
    const { eventId, originServerTs, depth } = event;
    return {
      ...{ nid, eventId, type, sender, stateKey, originServerTs, depth },
      ...{ content: contentJson, rest: restJson, verdict },
      ...(failed && { failure: failed }),
      ...(awaits.length > 0 && { awaits }),
    };
  });
  const args = { room: room.nid, names, events, authEdges, now: engine.clock.now() };
  const { stateKeys, woken } = await engine.db.write(storeOutliers, args);
  for (const { nid, eventId, stateKey, verdict } of events) {
    stored.set(eventId, { nid, stateKey: stateKey === null ? null : stateKeys[stateKey]!, verdict });
  }
  return woken;
};
