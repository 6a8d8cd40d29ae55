// Walks a room's graph back from some events, breadth first. Server-Server API, "Backfilling and retrieving missing events".

import type { EventId } from '../../protocol/ids/branded.ts';
import type { ReadTx } from '../../storage/database.ts';
import { eventsById, type StoredEvent, timeline } from '../../storage/stores/events.ts';
import { prevEventsOf } from './references.ts';

export interface Walk {
  /** nid. */
  readonly room: number;
  readonly starts: readonly EventId[];
  /** Whether the starts are part of the answer. */
  readonly withStarts: boolean;
  /** Neither these nor what only they lead to. */
  readonly stops: ReadonlySet<EventId>;
  readonly minDepth: number;
  readonly limit: number;
}

/** Events looked at in one walk, those that are not given out included. */
const VISITS_MAX = 500;

/** Accepted events, nearest first; those that were rejected or soft-failed are passed through. */
export const walkBack = async (tx: ReadTx, walk: Walk): Promise<StoredEvent[]> => {
  const { room, stops, minDepth, limit } = walk;
  const near = new Map<EventId, StoredEvent>();
  const load = async (ids: readonly EventId[]): Promise<StoredEvent[]> => {
    const absent = ids.filter((id) => !near.has(id));
    if (absent.length > 0) for (const event of await eventsById(tx, absent)) near.set(event.eventId, event);
    const found = ids.map((id) => near.get(id)).filter((event) => event !== undefined && event.room === room);
    return (found as StoredEvent[]).sort((a, b) => b.depth - a.depth);
  };
  const found: StoredEvent[] = [];
  const seen = new Set<EventId>(walk.starts);
  let level = await load([...seen]);
  if (walk.withStarts) found.push(...level.filter(isAccepted).slice(0, limit));
  // Prev events mostly stand just below in the timeline: one read instead of one for each step.
  for (const event of await neighbours(tx, room, level, limit)) near.set(event.eventId, event);
  for (let visits = level.length; level.length > 0 && found.length < limit && visits < VISITS_MAX; ) {
    const wanted: EventId[] = [];
    for (const id of level.flatMap(({ rest }) => prevEventsOf(rest))) {
      if (seen.has(id) || stops.has(id) || visits >= VISITS_MAX) continue;
      seen.add(id);
      visits += 1;
      wanted.push(id);
    }
    level = (await load(wanted)).filter(({ depth }) => depth >= minDepth);
    found.push(...level.filter(isAccepted).slice(0, limit - found.length));
  }
  return found;
};

const isAccepted = ({ verdict }: StoredEvent): boolean => verdict === 0;

const neighbours = async (
  tx: ReadTx,
  room: number,
  events: readonly StoredEvent[],
  limit: number,
): Promise<StoredEvent[]> => {
  const upTo = Math.max(...events.map(({ position }) => position ?? Number.MIN_SAFE_INTEGER));
  if (!Number.isSafeInteger(upTo) || upTo === Number.MIN_SAFE_INTEGER) return [];
  return timeline(tx, { room, after: Number.MIN_SAFE_INTEGER, upTo: upTo - 1, backwards: true, limit });
};
