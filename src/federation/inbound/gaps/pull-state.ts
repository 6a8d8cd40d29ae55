// Where history is not to be had: the state before a missing event, as another server tells it. The event then stands above
// a hole of the timeline.
// Server-Server API, "Retrieving events": state_ids, state and event.

import { createTurns } from '../../../lib/turns.ts';
import type { Json } from '../../../protocol/events/json.ts';
import type { EventId, ServerName } from '../../../protocol/ids/branded.ts';
import type { IncomingEvent, Receive } from '../../../rooms/receive/incoming.ts';
import type { Fetch } from '../../fetch/fetch.ts';
import type { Ask } from './ask.ts';
import { type Gap, missingPrevs, type Settle } from './gap.ts';
import type { ReadEvents } from './read-events.ts';
import type { StoreOutliers } from './store-outliers.ts';

export interface PullStateDeps {
  readonly fetch: Pick<Fetch, 'stateIds' | 'state' | 'event'>;
  readonly receive: Pick<Receive, 'stored'>;
  readonly readEvents: ReadEvents;
  readonly storeOutliers: StoreOutliers;
  readonly settle: Settle;
  readonly ask: Ask;
}

/** Missing events whose state is asked for, for one gap. */
const STATES_MAX = 10;
const SERVERS_MAX = 3;
const STATE_TIMEOUT_MS = 30_000;
const EVENT_TIMEOUT_MS = 10_000;
/** More than these are asked for all at once, if they are most of the state. */
const SINGLE_EVENTS_MAX = 50;
/** Of those that are asked for one by one. */
const EVENTS_MAX = 1000;
const EVENTS_AT_ONCE = 8;
/** Of a state this part may be missing: in old rooms there are events whose signatures nobody can check any more. */
const MISSING_SHARE_MAX = 0.01;

export const createPullState = ({ fetch, receive, readEvents, storeOutliers, settle, ask }: PullStateDeps) => {
  const absentOf = async (ids: readonly EventId[]): Promise<EventId[]> => {
    const stored = await receive.stored(ids);
    return ids.filter((id) => !stored.has(id));
  };

  const pullEvents = async (gap: Gap, server: ServerName, ids: readonly EventId[]): Promise<Json[]> => {
    const inTurn = createTurns({
      runningMax: EVENTS_AT_ONCE,
      waitingMax: EVENTS_MAX,
      full: () => new Error('unreachable'),
    });
    const options = { timeoutMs: EVENT_TIMEOUT_MS, signal: gap.signal };
    const pull = (id: EventId): Promise<Json | undefined> =>
      inTurn(() => ask(gap, server, 'event', () => fetch.event(server, id, options)));
    const wires = await Promise.all(ids.slice(0, EVENTS_MAX).map(pull));
    return wires.filter((wire) => wire !== undefined);
  };

  const pullAbsent = async (gap: Gap, server: ServerName, eventId: EventId, ids: readonly EventId[]): Promise<void> => {
    let absent = await absentOf(ids);
    if (absent.length > SINGLE_EVENTS_MAX && absent.length * 2 > ids.length) {
      const options = { timeoutMs: STATE_TIMEOUT_MS, signal: gap.signal };
      const whole = await ask(gap, server, 'state', () => fetch.state(server, gap.roomId, eventId, options));
      if (whole) {
        const wires = [...whole.authChain, ...whole.state];
        await storeOutliers(gap, await readEvents(gap, wires, server, { asOutliers: true }));
        absent = await absentOf(absent);
      }
    }
    if (absent.length === 0) return;
    const wanted = new Set(absent);
    const wires = await pullEvents(gap, server, absent);
    const isWanted = ({ event }: { event: { eventId: EventId } }): boolean => wanted.has(event.eventId);
    await storeOutliers(gap, await readEvents(gap, wires, server, { asOutliers: true, isWanted }));
  };

  /** The missing event itself. */
  const pullEvent = async (gap: Gap, server: ServerName, eventId: EventId): Promise<IncomingEvent | undefined> => {
    const wires = await pullEvents(gap, server, [eventId]);
    const isWanted = ({ event }: { event: { eventId: EventId } }): boolean => event.eventId === eventId;
    return (await readEvents(gap, wires, server, { asOutliers: false, isWanted }))[0];
  };

  /** Whether the event could be placed by what the server says of the state before it. */
  const placeBy = async (gap: Gap, server: ServerName, eventId: EventId): Promise<boolean> => {
    const options = { timeoutMs: STATE_TIMEOUT_MS, signal: gap.signal };
    const ids = await ask(gap, server, 'state_ids', () => fetch.stateIds(server, gap.roomId, eventId, options));
    if (!ids || ids.state.length === 0) return false;
    const event = await pullEvent(gap, server, eventId);
    if (!event) return false;
    await pullAbsent(gap, server, eventId, [...new Set([...ids.authChain, ...ids.state])]);
    const absent = new Set(await absentOf(ids.state));
    if (gap.signal.aborted || absent.size > ids.state.length * MISSING_SHARE_MAX) return false;
    gap.pool.set(eventId, event);
    const before = ids.state.filter((id) => !absent.has(id));
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
