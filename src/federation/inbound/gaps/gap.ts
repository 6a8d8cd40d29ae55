// A gap in a room's history: events that other servers sent, whose prev events or auth events are not here.

import type { EventId, RoomId, ServerName } from '../../../protocol/ids/branded.ts';
import type { RoomVersion } from '../../../protocol/room-versions/room-version.ts';
import type { AcceptOptions, IncomingEvent } from '../../../rooms/receive/incoming.ts';
import type { AcceptEvents, Outcome } from '../accept-events.ts';

export interface Gap {
  readonly roomId: RoomId;
  readonly version: RoomVersion;
  /** Who may have what is missing, the likeliest first. */
  readonly servers: readonly ServerName[];
  /** What is not stored yet: what was sent and what was fetched since. */
  readonly pool: Map<EventId, IncomingEvent>;
  /** What each of the pool waits for, as it was last told. */
  readonly needs: Map<EventId, { readonly prevs: readonly EventId[]; readonly auth: readonly EventId[] }>;
  /** Those of the pool that were sent, not fetched. */
  readonly sent: ReadonlySet<EventId>;
  /** Servers that were asked and did not answer; they may later. */
  readonly silent: Set<ServerName>;
  /** Servers that were asked for missing events and answered without any that helps. */
  readonly inVain: Set<ServerName>;
  /** Aborted when the time for this gap is over. */
  readonly signal: AbortSignal;
}

/** A gap that nothing was asked about yet. */
export const openGap = (
  given: Pick<Gap, 'roomId' | 'version' | 'servers' | 'signal'>,
  pool: Gap['pool'] = new Map(),
): Gap => ({
  ...given,
  pool,
  needs: new Map(),
  sent: new Set(pool.keys()),
  silent: new Set(),
  inVain: new Set(),
});

/** What of the pool is missing and not in the pool itself, with the events that want it. */
const missingOf = (gap: Gap, kind: 'prevs' | 'auth'): Map<EventId, EventId[]> => {
  const missing = new Map<EventId, EventId[]>();
  for (const [eventId, needs] of gap.needs) {
    for (const id of needs[kind]) {
      if (gap.pool.has(id)) continue;
      const wanting = missing.get(id);
      if (wanting) wanting.push(eventId);
      else missing.set(id, [eventId]);
    }
  }
  return missing;
};

/** Missing event → the events of the pool that follow it. */
export const missingPrevs = (gap: Gap): Map<EventId, EventId[]> => missingOf(gap, 'prevs');

/** Missing event → the events of the pool that it authorises. */
export const missingAuth = (gap: Gap): Map<EventId, EventId[]> => missingOf(gap, 'auth');

export type Settle = (gap: Gap, options?: Partial<AcceptOptions>) => Promise<void>;

/** Gives the pool to the room engine: what it can judge leaves the pool, and what it cannot says what it needs. */
export const createSettle =
  (accept: AcceptEvents, onSettled: (gap: Gap, outcome: Outcome, event: IncomingEvent) => void): Settle =>
  async (gap, options = {}) => {
    const events = [...gap.pool.values()];
    const outcomes = await accept(gap.roomId, events, { as: 'new', onMissing: 'wait', ...options });
    for (const [at, outcome] of outcomes.entries()) {
      const { eventId } = outcome;
      if (outcome.fate === 'waiting') {
        gap.needs.set(eventId, { prevs: outcome.missingPrevs, auth: outcome.missingAuthEvents });
        continue;
      }
      gap.pool.delete(eventId);
      gap.needs.delete(eventId);
      onSettled(gap, outcome, events[at]!);
    }
  };
