// Stores judged outliers in chunks, so that a room of any size takes little memory and keeps other writers waiting shortly.

import type { EventId } from '../../protocol/ids/branded.ts';
import { storeOutliers } from '../../storage/stores/entered-rooms.ts';
import type { VerdictCode } from '../../storage/stores/persist.ts';
import type { RoomRef } from '../room-ref.ts';
import type { Engine } from '../rooms.ts';
import { internEvents } from './intern-events.ts';
import type { JudgedOutlier } from './judge-outliers.ts';

const CHUNK = 1000;

export interface StoredOutlier {
  readonly nid: number;
  readonly stateKey: number | null;
  readonly verdict: VerdictCode;
}

/** Those that are stored already stay as they are. `judged`: in the order of their references. */
export const storeJudgedOutliers = async (
  engine: Engine,
  room: RoomRef,
  judged: ReadonlyMap<EventId, JudgedOutlier>,
): Promise<Map<EventId, StoredOutlier>> => {
  const stored = new Map<EventId, StoredOutlier>();
  const all = [...judged.values()];
  for (let at = 0; at < all.length; at += CHUNK) await storeChunk(engine, room, all.slice(at, at + CHUNK), stored);
  return stored;
};

const storeChunk = async (
  engine: Engine,
  room: RoomRef,
  chunk: readonly JudgedOutlier[],
  stored: Map<EventId, StoredOutlier>,
): Promise<void> => {
  const known = await engine.known.of(chunk.map(({ incoming }) => incoming.event.eventId));
  for (const [id, { nid, stateKey, verdict, room: itsRoom }] of known) {
    if (itsRoom === room.nid) stored.set(id, { nid, stateKey, verdict });
  }
  const fresh = chunk.filter(({ incoming }) => !known.has(incoming.event.eventId));
  if (fresh.length === 0) return;
  const { nids } = await internEvents(
    engine,
    fresh.map(({ incoming }) => incoming),
  );
  const first = await engine.nids.take(fresh.length);
  const authEdges: [number, number][] = [];
  const events = fresh.map(({ incoming, failed, awaits }, index) => {
    const { event, contentJson, restJson } = incoming;
    const { type, sender, stateKey } = nids[index]!;
    const nid = first + index;
    const verdict: VerdictCode = failed ? 2 : 0;
    stored.set(event.eventId, { nid, stateKey, verdict });
    for (const id of event.authEvents) {
      const auth = stored.get(id);
      if (auth && stateKey !== null) authEdges.push([auth.nid, nid]);
    }
    const { eventId, originServerTs, depth } = event;
    return {
      ...{ nid, eventId, type, sender, stateKey, originServerTs, depth },
      ...{ content: contentJson, rest: restJson, verdict },
      ...(failed && { failure: failed }),
      ...(awaits.length > 0 && { awaits }),
    };
  });
  await engine.db.write(storeOutliers, { room: room.nid, events, authEdges, now: engine.clock.now() });
};
