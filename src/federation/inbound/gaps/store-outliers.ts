// Stores fetched state and auth events, those that authorise before those that they authorise.

import type { EventId } from '../../../protocol/ids/branded.ts';
import type { IncomingEvent, Receive } from '../../../rooms/receive/incoming.ts';
import type { Gap } from './gap.ts';

export type StoreOutliers = (gap: Gap, events: readonly IncomingEvent[]) => Promise<void>;

/** One write holds at most so many, so that it keeps nobody waiting. */
const STEP = 500;

/** Auth events first; events in a circle, which no honest server can make, come in any order. */
export const authEventsFirst = (events: readonly IncomingEvent[]): IncomingEvent[] => {
  const left = new Map(events.map((event) => [event.event.eventId, event]));
  const entered = new Set<EventId>();
  const sorted: IncomingEvent[] = [];
  for (const { event: first } of events) {
    const path = [first.eventId];
    for (let id = path.at(-1); id !== undefined; id = path.at(-1)) {
      const event = left.get(id);
      if (event && !entered.has(id)) {
        entered.add(id);
        path.push(...event.event.authEvents.filter((auth) => left.has(auth) && !entered.has(auth)));
        continue;
      }
      path.pop();
      if (!event) continue;
      left.delete(id);
      sorted.push(event);
    }
  }
  return sorted;
};

export const createStoreOutliers =
  ({ receive }: { readonly receive: Pick<Receive, 'acceptOutliers'> }): StoreOutliers =>
  async (gap, events) => {
    const sorted = authEventsFirst(events);
    for (let at = 0; at < sorted.length && !gap.signal.aborted; at += STEP) {
      await receive.acceptOutliers(gap.roomId, sorted.slice(at, at + STEP));
    }
  };
