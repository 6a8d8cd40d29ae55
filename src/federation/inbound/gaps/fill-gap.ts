// Fills a gap: what was sent is judged upon what other servers give of what is missing. Everything is bounded: time, servers,
// questions, events. Nothing is locked meanwhile.

import type { Clock } from '../../../lib/clock.ts';
import type { EventId, RoomId, ServerName } from '../../../protocol/ids/branded.ts';
import { serverOf } from '../../../protocol/ids/id-parts.ts';
import type { RoomVersion } from '../../../protocol/room-versions/room-version.ts';
import type { IncomingEvent } from '../../../rooms/receive/incoming.ts';
import type { AcceptEvents, Outcome } from '../accept-events.ts';
import { createSettle, type Gap, missingAuth, missingPrevs, openGap } from './gap.ts';
import { createGapTools, type GapToolsDeps } from './gap-tools.ts';
import { createPullAuth } from './pull-auth.ts';
import { createPullEvents } from './pull-events.ts';
import { createPullState } from './pull-state.ts';

export interface FillGapDeps extends GapToolsDeps {
  readonly accept: AcceptEvents;
  /** Servers with members in the room. */
  readonly serversIn: (roomId: RoomId) => Promise<ReadonlySet<ServerName>>;
  readonly isLeftAlone: (server: ServerName) => boolean;
  readonly serverName: ServerName;
  readonly clock: Clock;
  /** Told of each event that was judged, those that were fetched for the gap included. */
  readonly onSettled: (roomId: RoomId, outcome: Outcome, event: IncomingEvent) => void;
  readonly signal: AbortSignal;
}

export interface GapToFill {
  readonly roomId: RoomId;
  readonly version: RoomVersion;
  /** Who sent the events. */
  readonly source: ServerName;
  readonly events: readonly IncomingEvent[];
  /** Judge what is left even when not everybody answered. */
  readonly isLastAttempt: boolean;
}

/** `unheard`: those who answered do not have what is missing, and others, who may have it, did not; it may be otherwise later. */
export type FillGap = (gap: GapToFill) => Promise<'filled' | 'unheard'>;

/** For one gap, from the first question to the last answer. */
const GAP_TIMEOUT_MS = 90_000;
const SERVERS_MAX = 4;

export const createFillGap = (deps: FillGapDeps): FillGap => {
  const { accept, serversIn, isLeftAlone, serverName, clock, log, onSettled, signal } = deps;
  const settle = createSettle(accept, (gap, outcome, event) => onSettled(gap.roomId, outcome, event));
  const tools = { ...createGapTools(deps), settle };
  const pullEvents = createPullEvents(tools);
  const pullAuth = createPullAuth(tools);
  const pullState = createPullState(tools);

  /** The sender first, then those whose users sent the events, then others in the room. */
  const serversFor = async ({ roomId, source, events }: GapToFill): Promise<ServerName[]> => {
    const senders = events.map(({ event }) => serverOf(event.sender));
    const servers = new Set([source, ...senders, ...(await serversIn(roomId))]);
    servers.delete(serverName);
    return [...servers].filter((server) => !isLeftAlone(server)).slice(0, SERVERS_MAX);
  };

  const pull = async (gap: Gap): Promise<void> => {
    await settle(gap);
    if (missingPrevs(gap).size > 0) await pullEvents(gap);
    await pullAuth(gap);
    if (missingPrevs(gap).size === 0) return;
    await pullState(gap);
    if (missingAuth(gap).size > 0) await pullAuth(gap);
  };

  return async (toFill) => {
    const { roomId, version, source, events, isLastAttempt } = toFill;
    const timeout = new AbortController();
    const timer = clock.after(GAP_TIMEOUT_MS, () => timeout.abort());
    const pool = new Map<EventId, IncomingEvent>(events.map((event) => [event.event.eventId, event]));
    const servers = await serversFor(toFill);
    const gap = openGap({ roomId, version, servers, signal: AbortSignal.any([signal, timeout.signal]) }, pool);
    try {
      await pull(gap);
    } finally {
      timer.cancel();
    }
    if (pool.size === 0) return 'filled';
    // Who is left alone was not asked at all.
    const isUnheard = gap.silent.size > 0 || !servers.includes(source);
    if (signal.aborted || (isUnheard && !isLastAttempt)) return 'unheard';
    const missing = [...missingPrevs(gap).keys(), ...missingAuth(gap).keys()].slice(0, 10);
    log.info({ roomId, source, servers: gap.servers, events: pool.size, missing }, 'Missing events cannot be had.');
    await settle(gap, { onMissing: 'judge' });
    return 'filled';
  };
};
