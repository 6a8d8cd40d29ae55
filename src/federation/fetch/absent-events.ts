// Of a state that another server tells: which events are not here, and how many may be missing.

import { slicesOf } from '../../lib/slices-of.ts';
import type { EventId } from '../../protocol/ids/branded.ts';
import type { Receive } from '../../rooms/receive/incoming.ts';

/** Ids of a large state are looked up so many at a time; others get their turn in between. */
const LOOKED_UP_AT_ONCE = 2000;
/** Of a state this part may be missing: in old rooms there are events whose signatures nobody can check any more. */
export const MISSING_SHARE_MAX = 0.01;

/** Those of the events that are not stored, in their order. */
export const absentEvents = async (receive: Pick<Receive, 'stored'>, ids: readonly EventId[]): Promise<EventId[]> => {
  const absent: EventId[] = [];
  for (const some of slicesOf(ids, LOOKED_UP_AT_ONCE)) {
    const stored = await receive.stored(some);
    for (const id of some) if (!stored.has(id)) absent.push(id);
    await new Promise(setImmediate);
  }
  return absent;
};
