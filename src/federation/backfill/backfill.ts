// History that this server does not have, fetched from servers that do when somebody looks for it.
// Server-Server API, "Backfilling and retrieving missing events".

import type { Clock } from '../../lib/clock.ts';
import { LruCache } from '../../lib/lru-cache.ts';
import { singleFlight } from '../../lib/single-flight.ts';
import type { EventId, RoomId, ServerName } from '../../protocol/ids/branded.ts';
import { serverOf } from '../../protocol/ids/id-parts.ts';
import type { HistoryPort } from '../../rooms/ports.ts';
import type { RoomRef } from '../../rooms/room-ref.ts';
import { openGap } from '../inbound/gaps/gap.ts';
import { createGapTools, type GapToolsDeps } from '../inbound/gaps/gap-tools.ts';
import { eventNearTimeAt } from './event-near-time-at.ts';
import { createTakeHistory } from './take-history.ts';

export interface BackfillDeps extends GapToolsDeps {
  readonly serversIn: (roomId: RoomId) => Promise<ReadonlySet<ServerName>>;
  readonly isLeftAlone: (server: ServerName) => boolean;
  readonly serverName: ServerName;
  readonly clock: Clock;
}

/** A client waits for it. */
const TIMEOUT_MS = 20_000;
const SERVERS_MAX = 4;
/** What nobody could give is not asked for again at once. */
const IN_VAIN_MS = 60_000;
const IN_VAIN_MAX = 5_000;

export const createBackfill = (deps: BackfillDeps): HistoryPort => {
  const { fetch, serversIn, isLeftAlone, serverName, clock } = deps;
  const takeHistory = createTakeHistory(createGapTools(deps));
  const flights = singleFlight<string, boolean>();
  const inVain = new LruCache<string, number>(IN_VAIN_MAX);

  /** Who made the room is likely to have its history. */
  const serversFor = async (roomId: RoomId): Promise<ServerName[]> => {
    const creator = serverOf(roomId);
    const servers = new Set([...(creator === undefined ? [] : [creator]), ...(await serversIn(roomId))]);
    servers.delete(serverName);
    return [...servers].filter((server) => !isLeftAlone(server)).slice(0, SERVERS_MAX);
  };

  const fetchBelow = async ({ roomId, version }: RoomRef, above: readonly EventId[]): Promise<boolean> => {
    const timeout = new AbortController();
    const timer = clock.after(TIMEOUT_MS, () => timeout.abort());
    const servers = await serversFor(roomId);
    const gap = openGap({ roomId, version, servers, signal: timeout.signal });
    try {
      for (const server of servers) if (!gap.signal.aborted && (await takeHistory(gap, server, above))) return true;
      return false;
    } finally {
      timer.cancel();
    }
  };

  return {
    async fetchBelow(room, above) {
      const key = [...above].sort().join();
      if ((inVain.get(key) ?? 0) > clock.monotonic()) return false;
      const came = await flights.run(key, () => fetchBelow(room, above));
      if (!came) inVain.set(key, clock.monotonic() + IN_VAIN_MS);
      return came;
    },
    async eventNearTime({ roomId }, question) {
      const servers = await serversFor(roomId);
      return eventNearTimeAt(fetch, servers, roomId, question);
    },
  };
};
