// Where history is not to be had: a missing event is placed by the state before it, as another server tells it. The event then
// stands above a hole of the timeline.

import type { EventId, ServerName } from '../../../protocol/ids/branded.ts';
import type { IncomingEvent } from '../../../rooms/receive/incoming.ts';
import type { Fetch } from '../../fetch/fetch.ts';
import type { Ask } from './ask.ts';
import { type Gap, missingPrevs, type Settle } from './gap.ts';
import type { ReadEvents } from './read-events.ts';
import { createPullSingle, type ToldState } from './told-state.ts';

export interface PullStateDeps {
  readonly fetch: Pick<Fetch, 'event'>;
  readonly toldState: ToldState;
  readonly readEvents: ReadEvents;
  readonly settle: Settle;
  readonly ask: Ask;
}

/** Missing events whose state is asked for, for one gap. */
const STATES_MAX = 10;
const SERVERS_MAX = 3;

export const createPullState = ({ fetch, toldState, readEvents, settle, ask }: PullStateDeps) => {
  const pullSingle = createPullSingle({ fetch, ask });

  /** The missing event itself. */
  const pullEvent = async (gap: Gap, server: ServerName, eventId: EventId): Promise<IncomingEvent | undefined> => {
    const wires = await pullSingle(gap, server, [eventId]);
    const isWanted = ({ event }: { event: { eventId: EventId } }): boolean => event.eventId === eventId;
    return (await readEvents(gap, wires, server, { asOutliers: false, isWanted }))[0];
  };

  /** Whether the event could be placed by what the server says of the state before it. */
  const placeBy = async (gap: Gap, server: ServerName, eventId: EventId): Promise<boolean> => {
    const event = await pullEvent(gap, server, eventId);
    const before = event && (await toldState(gap, server, eventId));
    if (!before) return false;
    gap.pool.set(eventId, event);
    await settle(gap, { statesBefore: new Map([[eventId, before]]) });
    return !gap.pool.has(eventId);
  };

  /** What its own sender does not give although it answers is not worth more questions. */
  const isWorthwhile = (gap: Gap, wanting: readonly EventId[]): boolean =>
    gap.inVain.size === 0 || wanting.some((id) => !gap.sent.has(id));

  return async (gap: Gap): Promise<void> => {
    const tried = new Set<EventId>();
    while (tried.size < STATES_MAX && !gap.signal.aborted) {
      const missing = missingPrevs(gap);
      const next = [...missing].find(([id, wanting]) => !tried.has(id) && isWorthwhile(gap, wanting));
      if (!next) return;
      const [eventId] = next;
      tried.add(eventId);
      for (const server of gap.servers.slice(0, SERVERS_MAX)) if (await placeBy(gap, server, eventId)) break;
    }
  };
};
