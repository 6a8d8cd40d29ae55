// The state before an event as another server tells it, with all of its events stored here.
// Server-Server API, "Retrieving events": state_ids, state and event.

import { createTurns } from '../../../lib/turns.ts';
import type { Json } from '../../../protocol/events/json.ts';
import type { EventId, ServerName } from '../../../protocol/ids/branded.ts';
import type { Receive } from '../../../rooms/receive/incoming.ts';
import { absentEvents, MISSING_SHARE_MAX } from '../../fetch/absent-events.ts';
import type { Fetch } from '../../fetch/fetch.ts';
import type { Ask } from './ask.ts';
import type { Gap } from './gap.ts';
import type { ReadEvents } from './read-events.ts';
import type { StoreOutliers } from './store-outliers.ts';

export interface ToldStateDeps {
  readonly fetch: Pick<Fetch, 'stateIds' | 'state' | 'event'>;
  readonly receive: Pick<Receive, 'stored'>;
  readonly readEvents: ReadEvents;
  readonly storeOutliers: StoreOutliers;
  readonly ask: Ask;
}

/** undefined: the server does not tell it, or too much of it is not to be had. */
export type ToldState = (gap: Gap, server: ServerName, eventId: EventId) => Promise<readonly EventId[] | undefined>;

const STATE_TIMEOUT_MS = 30_000;
const EVENT_TIMEOUT_MS = 10_000;
/** More than these are asked for all at once, if they are most of the state. */
const SINGLE_EVENTS_MAX = 50;
/** Of those that are asked for one by one. */
const EVENTS_MAX = 1000;
const EVENTS_AT_ONCE = 8;
/** More than these are not to be had at all: an answer to `state` has at most so many, the chains included. */
const ABSENT_MAX = 100_000;

/** Some events, several at a time; those that the server does not give are absent. */
export const createPullSingle =
  ({ fetch, ask }: { readonly fetch: Pick<Fetch, 'event'>; readonly ask: Ask }) =>
  async (gap: Gap, server: ServerName, ids: readonly EventId[]): Promise<Json[]> => {
    const inTurn = createTurns({ runningMax: EVENTS_AT_ONCE });
    const options = { timeoutMs: EVENT_TIMEOUT_MS, signal: gap.signal };
    const pull = (id: EventId): Promise<Json | undefined> =>
      inTurn(() => ask(gap, server, 'event', () => fetch.event(server, id, options)));
    const wires = await Promise.all(ids.slice(0, EVENTS_MAX).map(pull));
    return wires.filter((wire) => wire !== undefined);
  };

export const createToldState = (deps: ToldStateDeps): ToldState => {
  const { fetch, receive, readEvents, storeOutliers, ask } = deps;
  const pullSingle = createPullSingle(deps);

  const pullAbsent = async (gap: Gap, server: ServerName, eventId: EventId, ids: readonly EventId[]): Promise<void> => {
    let absent = await absentEvents(receive, ids);
    if (absent.length > ABSENT_MAX) return;
    if (absent.length > SINGLE_EVENTS_MAX && absent.length * 2 > ids.length) {
      const options = { timeoutMs: STATE_TIMEOUT_MS, signal: gap.signal };
      const whole = await ask(gap, server, 'state', () => fetch.state(server, gap.roomId, eventId, options));
      if (whole) {
        const wires = [...whole.authChain, ...whole.state];
        await storeOutliers(gap, await readEvents(gap, wires, server, { asOutliers: true }));
        absent = await absentEvents(receive, absent);
      }
    }
    // So many one by one would not make a state of it.
    if (absent.length === 0 || absent.length > EVENTS_MAX + ids.length * MISSING_SHARE_MAX) return;
    const wanted = new Set(absent);
    const wires = await pullSingle(gap, server, absent);
    const isWanted = ({ event }: { event: { eventId: EventId } }): boolean => wanted.has(event.eventId);
    await storeOutliers(gap, await readEvents(gap, wires, server, { asOutliers: true, isWanted }));
  };

  return async (gap, server, eventId) => {
    const options = { timeoutMs: STATE_TIMEOUT_MS, signal: gap.signal };
    const ids = await ask(gap, server, 'state_ids', () => fetch.stateIds(server, gap.roomId, eventId, options));
    if (!ids || ids.state.length === 0) return undefined;
    await pullAbsent(gap, server, eventId, [...new Set([...ids.authChain, ...ids.state])]);
    const absent = new Set(await absentEvents(receive, ids.state));
    if (gap.signal.aborted || absent.size > ids.state.length * MISSING_SHARE_MAX) return undefined;
    return ids.state.filter((id) => !absent.has(id));
  };
};
