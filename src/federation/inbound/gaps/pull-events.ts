// Fetches the events between what this server has and what it was sent.
// Server-Server API, "Retrieving missing events".

import type { ParsedPdu } from '../../../protocol/events/parse-pdu.ts';
import type { EventId, ServerName } from '../../../protocol/ids/branded.ts';
import type { IncomingEvent, Receive } from '../../../rooms/receive/incoming.ts';
import type { Fetch } from '../../fetch/fetch.ts';
import type { Ask } from './ask.ts';
import { type Gap, missingPrevs, type Settle } from './gap.ts';
import type { ReadEvents } from './read-events.ts';

export interface PullEventsDeps {
  readonly fetch: Pick<Fetch, 'missingEvents'>;
  readonly receive: Pick<Receive, 'extremities'>;
  readonly readEvents: ReadEvents;
  readonly settle: Settle;
  readonly ask: Ask;
}

const ROUNDS_MAX = 8;
/** Most servers give 20 at most, whatever they are asked for. */
const EVENTS_MAX = 100;
/** Who gave fewer than this has no more. */
const FULL_ANSWER = 10;
/** Of the events that are fetched and wait for others, in memory. */
const POOL_MAX = 800;
const EXTREMITIES_MAX = 20;
const LATEST_MAX = 20;
const TIMEOUT_MS = 15_000;

/** Of the events that were given those which lead down from the pool; others have nothing to do with the gap. */
const connected = (gap: Gap, events: readonly IncomingEvent[]): IncomingEvent[] => {
  const given = new Map(events.map((event) => [event.event.eventId, event]));
  const found: IncomingEvent[] = [];
  const wanted: EventId[] = [...missingPrevs(gap).keys()];
  for (let id = wanted.pop(); id !== undefined; id = wanted.pop()) {
    const event = given.get(id);
    if (!event) continue;
    given.delete(id);
    found.push(event);
    wanted.push(...event.event.prevEvents);
  }
  return found;
};

const isOfRoom =
  (gap: Gap) =>
  ({ event }: ParsedPdu): boolean =>
    event.roomId === gap.roomId;

export const createPullEvents = ({ fetch, receive, readEvents, settle, ask }: PullEventsDeps) => {
  /** Whether the server may have more to give. */
  const askOnce = async (gap: Gap, server: ServerName, earliest: readonly EventId[]): Promise<boolean> => {
    const following = new Set([...missingPrevs(gap).values()].flat());
    const latest = [...gap.pool.keys()].filter((id) => following.has(id)).slice(0, LATEST_MAX);
    const query = { earliest, latest, limit: EVENTS_MAX, minDepth: 0 };
    const wires = await ask(gap, server, 'get_missing_events', () =>
      fetch.missingEvents(server, gap.roomId, query, { timeoutMs: TIMEOUT_MS, signal: gap.signal }),
    );
    if (!wires) return false;
    const events = await readEvents(gap, wires, server, { asOutliers: false, isWanted: isOfRoom(gap) });
    const fresh = connected(gap, events).slice(0, POOL_MAX - gap.pool.size);
    if (fresh.length === 0) {
      gap.inVain.add(server);
      return false;
    }
    for (const event of fresh) gap.pool.set(event.event.eventId, event);
    await settle(gap);
    return wires.length >= FULL_ANSWER;
  };

  return async (gap: Gap): Promise<void> => {
    const extremities = [...(await receive.extremities(gap.roomId))].sort((a, b) => b.depth - a.depth);
    const earliest = extremities.slice(0, EXTREMITIES_MAX).map(({ eventId }) => eventId);
    for (const server of gap.servers) {
      for (let round = 0; round < ROUNDS_MAX && gap.pool.size < POOL_MAX; round++) {
        if (gap.signal.aborted || missingPrevs(gap).size === 0) return;
        if (!(await askOnce(gap, server, earliest))) break;
      }
    }
  };
};
