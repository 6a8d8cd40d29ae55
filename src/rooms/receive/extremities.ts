// The forward extremities after an event: it is one until something follows it, and what it follows is none any more.
// Server-Server API, "Soft failure" and "Rejection": neither soft-failed nor rejected events are extremities.

import { distinct } from '../../lib/distinct.ts';
import type { RoomEvent } from '../../protocol/events/room-event.ts';
import type { EventId } from '../../protocol/ids/branded.ts';
import type { NodeHash } from '../state-tree/state-node.ts';
import type { Extremity } from '../warm-rooms.ts';
import type { Batch } from './batch.ts';
import { type Move, moveHead } from './current-state.ts';
import { gainsOnlyItself, isRuling } from './gains-only-itself.ts';
import { loadEvents } from './load-events.ts';
import { addEnd, endsOf, removeEnd } from './room-ends.ts';

/** Soft-failed and rejected events that are followed back from one event. */
const PASSED_MAX = 1000;

export interface Follower {
  readonly extremity: Extremity;
  /** The state before it. */
  readonly before: NodeHash | undefined;
  /** nid of its (type, state key); null: no state. */
  readonly stateKey: number | null;
  /** nid of the event that stood there. */
  readonly replaces: number | undefined;
  /** Accepted events that are here follow it. */
  readonly isCovered: boolean;
}

/** Moves the room's head on to an accepted event. */
export const followEvent = async (batch: Batch, event: RoomEvent, follower: Follower): Promise<void> => {
  const { extremity, before, isCovered } = follower;
  const failed = failedAmong(batch, event.prevEvents);
  const covered = failed.length === 0 ? distinct(event.prevEvents) : await coveredBy(batch, event, failed);
  const ends = endsOf(batch);
  const passed: Extremity[] = [];
  for (const id of covered) {
    const end = ends.byId.get(id);
    if (end) passed.push(end);
  }
  // Something that is here and accepted follows an event that came late.
  if (isCovered && (passed.length === 0 || passed.length === ends.list.length)) return;
  for (const end of passed) removeEnd(ends, end);
  if (!isCovered) addEnd(ends, extremity);
  const movesOneOn = !isCovered && passed.length === 1 && passed[0]!.stateRoot === before;
  moveHead(batch, ends.list, movesOneOn ? await moveBy(batch, event, follower) : undefined);
};

/** null: no state. undefined: what it changed cannot be told, or nobody needs to know. */
const moveBy = async (
  batch: Batch,
  event: RoomEvent,
  { extremity, before, stateKey, replaces }: Follower,
): Promise<Move | null | undefined> => {
  if (stateKey === null) return null;
  if (!endsOf(batch).workedOut) return undefined;
  const cites = await gainsOnlyItself(batch, event, { before: before!, stateKey, replaces });
  return cites && { key: stateKey, event: extremity.nid, replaces, cites, isRuling: isRuling(batch, event) };
};

/** Its prev events, and through those that were not accepted the ones before them. */
const coveredBy = async (batch: Batch, event: RoomEvent, failed: readonly EventId[]): Promise<Set<EventId>> => {
  const covered = new Set<EventId>(event.prevEvents);
  let passed = failed;
  let count = 0;
  while (passed.length > 0 && count < PASSED_MAX) {
    count += passed.length;
    const next: EventId[] = [];
    for (const { event: one } of (await loadEvents(batch.engine, batch.room, passed)).values()) {
      for (const id of one.prevEvents) {
        if (covered.has(id)) continue;
        covered.add(id);
        next.push(id);
      }
    }
    const known = [...(await batch.engine.known.of(next)).values()];
    passed = known.filter(({ verdict }) => verdict !== 0).map(({ eventId }) => eventId);
  }
  return covered;
};

const failedAmong = (batch: Batch, ids: readonly EventId[]): EventId[] =>
  ids.filter((id) => (batch.known.get(id)?.verdict ?? 0) !== 0);
