// Gives events to the room engine, a few rooms at a time, and again when the database fails.

import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import { createTurns } from '../../lib/turns.ts';
import { MatrixError } from '../../protocol/errors/matrix-error.ts';
import type { EventId, RoomId } from '../../protocol/ids/branded.ts';
import type { AcceptOptions, Fate, IncomingEvent, Receive } from '../../rooms/receive/incoming.ts';

/** `not-in-room`: this server left meanwhile. `failed`: by a fault of this server, which is logged; the event may come again. */
export type Outcome = Fate | { readonly eventId: EventId; readonly fate: 'not-in-room' | 'failed' };

/** Whether others can be judged that stand upon it. */
export const isStored = ({ fate }: Outcome): boolean =>
  fate !== 'waiting' && fate !== 'failed' && fate !== 'not-in-room';

/** One outcome for each event, in their order. Never rejects. */
export type AcceptEvents = (
  roomId: RoomId,
  events: readonly IncomingEvent[],
  options: AcceptOptions,
) => Promise<Outcome[]>;

export interface AcceptEventsDeps {
  readonly receive: Pick<Receive, 'accept'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Aborted when the server stops: nothing is tried again. */
  readonly signal: AbortSignal;
}

/** While one room waits for the disk others are judged. */
const ROOMS_AT_ONCE = 32;
/** Before another attempt, milliseconds; after the last the events are given one by one. */
const RETRIES_MS = [500, 5000, 30_000];

export const createAcceptEvents = ({ receive, clock, log, signal }: AcceptEventsDeps): AcceptEvents => {
  const inTurn = createTurns({ runningMax: ROOMS_AT_ONCE });

  const all = (events: readonly IncomingEvent[], fate: 'not-in-room' | 'failed'): Outcome[] =>
    events.map(({ event: { eventId } }) => ({ eventId, fate }));

  /** undefined: it failed. */
  const attempt: (...args: Parameters<AcceptEvents>) => Promise<Outcome[] | undefined> = async (
    roomId,
    events,
    options,
  ) => {
    try {
      return await inTurn(() => receive.accept(roomId, events, options));
    } catch (err) {
      if (err instanceof MatrixError && err.status === 404) return all(events, 'not-in-room');
      if (!signal.aborted) log.error({ err, roomId, events: events.length }, 'Events could not be stored.');
      return undefined;
    }
  };

  return async (roomId, events, options) => {
    if (events.length === 0) return [];
    for (const delayMs of [...RETRIES_MS, undefined]) {
      const outcomes = await attempt(roomId, events, options);
      if (outcomes) return outcomes;
      if (signal.aborted) return all(events, 'failed');
      if (delayMs !== undefined) await clock.sleep(delayMs, signal).catch(() => undefined);
    }
    // One of them may be what it fails for.
    const outcomes: Outcome[] = [];
    for (const event of events)
      outcomes.push((await attempt(roomId, [event], options))?.[0] ?? all([event], 'failed')[0]!);
    return outcomes;
  };
};
