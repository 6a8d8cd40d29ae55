// Takes what one server gives of the history below some events, with the states that it takes to show them to somebody.
// Server-Server API, GET /backfill.

import type { EventId, ServerName } from '../../protocol/ids/branded.ts';
import type { IncomingEvent, Receive } from '../../rooms/receive/incoming.ts';
import type { Fetch } from '../fetch/fetch.ts';
import type { Ask } from '../inbound/gaps/ask.ts';
import type { Gap } from '../inbound/gaps/gap.ts';
import type { ReadEvents } from '../inbound/gaps/read-events.ts';
import type { ToldState } from '../inbound/gaps/told-state.ts';

export interface TakeHistoryDeps {
  readonly fetch: Pick<Fetch, 'backfill'>;
  readonly receive: Pick<Receive, 'accept' | 'stored'>;
  readonly readEvents: ReadEvents;
  readonly toldState: ToldState;
  readonly ask: Ask;
}

/** false: it gave nothing that could be taken. */
export type TakeHistory = (gap: Gap, server: ServerName, above: readonly EventId[]) => Promise<boolean>;

const TIMEOUT_MS = 15_000;
const EVENTS_MAX = 100;
/** Events at the lower end of what was fetched whose states are asked for. */
const STATES_MAX = 4;

export const createTakeHistory = ({ fetch, receive, readEvents, toldState, ask }: TakeHistoryDeps): TakeHistory => {
  /** Those whose prev events are neither among them nor here with their states. */
  const lowest = async (events: readonly IncomingEvent[]): Promise<EventId[]> => {
    const fetched = new Set(events.map(({ event }) => event.eventId));
    const below = [...new Set(events.flatMap(({ event }) => event.prevEvents))].filter((id) => !fetched.has(id));
    const stored = await receive.stored(below);
    const isMissing = (id: EventId): boolean => !fetched.has(id) && stored.get(id)?.hasState !== true;
    return events.filter(({ event }) => event.prevEvents.some(isMissing)).map(({ event }) => event.eventId);
  };

  return async (gap, server, above) => {
    const options = { timeoutMs: TIMEOUT_MS, signal: gap.signal };
    const wires = await ask(gap, server, 'backfill', () =>
      fetch.backfill(server, gap.roomId, above, EVENTS_MAX, options),
    );
    if (!wires) return false;
    const events = await readEvents(gap, wires, server, { asOutliers: false });
    const ends = await lowest(events);
    const statesBefore = new Map<EventId, readonly EventId[]>();
    for (const eventId of ends.slice(0, STATES_MAX)) {
      const state = await toldState(gap, server, eventId);
      if (state) statesBefore.set(eventId, state);
    }
    // An event without a known state is shown to nobody: it is left to the next who asks.
    if (events.length === 0 || (ends.length > 0 && statesBefore.size === 0)) return false;
    const outcomes = await receive.accept(gap.roomId, events, { as: 'history', onMissing: 'wait', statesBefore });
    return outcomes.some(({ fate }) => fate === 'accepted');
  };
};
