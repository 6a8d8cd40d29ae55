// What judging again leaves of the forward extremities, for an event that had its place in the timeline.

import type { RoomEvent } from '../../protocol/events/room-event.ts';
import { acceptedFollowers } from '../../storage/stores/received-events.ts';
import type { Extremity } from '../warm-rooms.ts';
import type { Batch } from './batch.ts';
import { moveHead } from './current-state.ts';
import type { Judgement } from './judge-event.ts';

export const moveExtremity = async (batch: Batch, event: RoomEvent, { verdict, after }: Judgement): Promise<void> => {
  const { head } = batch;
  if (after === undefined || !head.extremities.some(({ eventId }) => eventId === event.eventId)) return;
  const extremities =
    verdict === 0
      ? head.extremities.map((one) => (one.eventId === event.eventId ? { ...one, stateRoot: after } : one))
      : await withoutFallen(batch, event);
  if (extremities.length === 0) return;
  moveHead(batch, extremities);
};

/** What it followed is an extremity again, unless something else follows it as well. */
const withoutFallen = async (batch: Batch, event: RoomEvent): Promise<Extremity[]> => {
  const { engine, head } = batch;
  const others = head.extremities.filter(({ eventId }) => eventId !== event.eventId);
  const prevs = [...(await engine.known.of(event.prevEvents)).values()];
  const own = batch.known.get(event.eventId)!.nid;
  const back: Extremity[] = [];
  for (const { nid, eventId, depth, root, verdict } of prevs) {
    if (verdict !== 0 || root === undefined || others.some((one) => one.nid === nid)) continue;
    const followers = await engine.db.read((tx) => acceptedFollowers(tx, [nid], own));
    if (followers.size === 0) back.push({ nid, eventId, depth, stateRoot: root });
  }
  return [...others, ...back];
};
