// What judging again leaves of the forward extremities, for an event that had its place in the timeline.

import type { RoomEvent } from '../../protocol/events/room-event.ts';
import { acceptedFollowers } from '../../storage/stores/received-events.ts';
import type { Extremity } from '../warm-rooms.ts';
import type { Batch } from './batch.ts';
import { moveHead } from './current-state.ts';
import type { Judgement } from './judge-event.ts';
import { addEnd, endsOf, removeEnd, replaceEnd } from './room-ends.ts';

export const moveExtremity = async (batch: Batch, event: RoomEvent, { verdict, after }: Judgement): Promise<void> => {
  const ends = endsOf(batch);
  const end = ends.byId.get(event.eventId);
  if (after === undefined || !end) return;
  if (verdict === 0) {
    replaceEnd(ends, end, { ...end, stateRoot: after });
  } else {
    const back = await comesBack(batch, event);
    if (ends.list.length + back.length === 1) return;
    removeEnd(ends, end);
    for (const one of back) addEnd(ends, one);
  }
  moveHead(batch, ends.list);
};

/** What it followed is an extremity again, unless something else follows it as well. */
const comesBack = async (batch: Batch, event: RoomEvent): Promise<Extremity[]> => {
  const { engine } = batch;
  const { byId } = endsOf(batch);
  const prevs = [...(await engine.known.of(event.prevEvents)).values()];
  const own = batch.known.get(event.eventId)!.nid;
  const back: Extremity[] = [];
  for (const { nid, eventId, depth, root, verdict } of prevs) {
    if (verdict !== 0 || root === undefined || byId.has(eventId)) continue;
    const followers = await engine.db.read((tx) => acceptedFollowers(tx, [nid], own));
    if (followers.size === 0) back.push({ nid, eventId, depth, stateRoot: root });
  }
  return back;
};
