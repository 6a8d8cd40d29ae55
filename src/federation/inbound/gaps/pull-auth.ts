// Fetches auth events that are not here.
// Server-Server API, "Retrieving event authorization information".

import type { EventId, ServerName } from '../../../protocol/ids/branded.ts';
import type { Receive } from '../../../rooms/receive/incoming.ts';
import type { Fetch } from '../../fetch/fetch.ts';
import type { Ask } from './ask.ts';
import { type Gap, missingAuth, type Settle } from './gap.ts';
import type { ReadEvents } from './read-events.ts';
import type { StoreOutliers } from './store-outliers.ts';

export interface PullAuthDeps {
  readonly fetch: Pick<Fetch, 'eventAuth' | 'event'>;
  readonly receive: Pick<Receive, 'stored'>;
  readonly readEvents: ReadEvents;
  readonly storeOutliers: StoreOutliers;
  readonly settle: Settle;
  readonly ask: Ask;
}

/** Events whose auth chains are asked for; one chain mostly holds what the others want. */
const CHAINS_MAX = 5;
/** Events asked for one by one. */
const EVENTS_MAX = 30;
const SERVERS_MAX = 2;
const TIMEOUT_MS = 15_000;

export const createPullAuth = ({ fetch, receive, readEvents, storeOutliers, settle, ask }: PullAuthDeps) => {
  const stillMissing = async (gap: Gap): Promise<Map<EventId, EventId[]>> => {
    const missing = missingAuth(gap);
    for (const id of (await receive.stored([...missing.keys()])).keys()) missing.delete(id);
    return missing;
  };

  const pullChains = async (gap: Gap, server: ServerName): Promise<void> => {
    const options = { timeoutMs: TIMEOUT_MS, signal: gap.signal };
    const asked = new Set<EventId>();
    for (let missing = await stillMissing(gap); missing.size > 0 && asked.size < CHAINS_MAX; ) {
      const eventId = [...missing.values()].flat().find((id) => !asked.has(id));
      if (eventId === undefined) return;
      asked.add(eventId);
      const wires = await ask(gap, server, 'event_auth', () => fetch.eventAuth(server, gap.roomId, eventId, options));
      if (!wires) continue;
      await storeOutliers(gap, await readEvents(gap, wires, server, { asOutliers: true }));
      missing = await stillMissing(gap);
    }
  };

  const pullEvents = async (gap: Gap, server: ServerName): Promise<void> => {
    const options = { timeoutMs: TIMEOUT_MS, signal: gap.signal };
    const missing = [...(await stillMissing(gap)).keys()].slice(0, EVENTS_MAX);
    const wires = await Promise.all(
      missing.map((id) => ask(gap, server, 'event', () => fetch.event(server, id, options))),
    );
    const given = wires.filter((wire) => wire !== undefined);
    const isWanted = new Set(missing);
    const events = await readEvents(gap, given, server, {
      asOutliers: true,
      isWanted: ({ event }) => isWanted.has(event.eventId),
    });
    await storeOutliers(gap, events);
  };

  return async (gap: Gap): Promise<void> => {
    if (missingAuth(gap).size === 0) return;
    for (const server of gap.servers.slice(0, SERVERS_MAX)) {
      if (gap.signal.aborted) break;
      await pullChains(gap, server);
      await pullEvents(gap, server);
      if ((await stillMissing(gap)).size === 0) break;
    }
    await settle(gap);
  };
};
