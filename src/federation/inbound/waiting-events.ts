// Events for which something is missing: a line for each room and server that sent them, so that a server which does not
// give what is missing keeps back its own events only.

import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { EventId, RoomId, ServerName } from '../../protocol/ids/branded.ts';
import type { Outcome } from './accept-events.ts';
import type { FillGap } from './gaps/fill-gap.ts';
import { createTurnsByServer, type TurnsByServer } from './turns-by-server.ts';
import type { QueuedEvent, VerifiedEvent } from './verify-batch.ts';

export interface WaitingEventsDeps {
  readonly fillGap: FillGap;
  readonly clock: Clock;
  readonly log: Log;
  readonly onOutcome: (queued: QueuedEvent, outcome: Outcome) => void;
  readonly signal: AbortSignal;
}

interface Line {
  readonly events: Map<EventId, VerifiedEvent>;
  filled: Promise<void>;
}

/** Events of one server in one room whose gaps are filled together. */
const BATCH_MAX = 200;
const GAPS_AT_ONCE = 64;
const GAPS_OF_SERVER_AT_ONCE = 8;
/** Who does not answer may be cut off for a while, or this server: before another attempt, milliseconds. */
const RETRIES_MS = [10_000, 60_000, 300_000];

/** Whether it is worth another attempt later. */
const createAttempt =
  ({ fillGap, log, signal }: WaitingEventsDeps, inTurn: TurnsByServer) =>
  async (
    roomId: RoomId,
    source: ServerName,
    batch: readonly VerifiedEvent[],
    isLastAttempt: boolean,
  ): Promise<boolean> => {
    const { version } = batch[0]!.queued;
    const events = batch.map(({ event }) => event);
    try {
      const gap = { roomId, version, source, events, isLastAttempt };
      return (await inTurn(source, () => fillGap(gap))) === 'unheard';
    } catch (err) {
      if (!signal.aborted) log.error({ err, roomId, source, events: events.length }, 'A gap could not be filled.');
      return !isLastAttempt;
    }
  };

export const createWaitingEvents = (deps: WaitingEventsDeps) => {
  const { clock, log, onOutcome, signal } = deps;
  const inTurn = createTurnsByServer({ totalMax: GAPS_AT_ONCE, perServerMax: GAPS_OF_SERVER_AT_ONCE });
  const attempt = createAttempt(deps, inTurn);
  const rooms = new Map<RoomId, Map<ServerName, Line>>();
  let waiting = 0;

  const end = (line: Line, { event, queued }: VerifiedEvent, outcome: Outcome): void => {
    if (!line.events.delete(event.event.eventId)) return;
    waiting -= 1;
    onOutcome(queued, outcome);
  };

  const fill = async (roomId: RoomId, source: ServerName, line: Line): Promise<void> => {
    for (let attempts = 0; line.events.size > 0 && !signal.aborted; ) {
      const batch = [...line.events.values()].slice(0, BATCH_MAX);
      const delayMs = RETRIES_MS[attempts];
      const isUnsettled = await attempt(roomId, source, batch, delayMs === undefined);
      if (isUnsettled && delayMs !== undefined) {
        attempts += 1;
        log.info(
          { roomId, source, events: batch.length, delayMs },
          'Not everybody who may have missing events has answered yet.',
        );
        await clock.sleep(delayMs, signal).catch(() => undefined);
        continue;
      }
      attempts = 0;
      // All of them were told of, unless something went wrong here.
      for (const each of batch) end(line, each, { eventId: each.event.event.eventId, fate: 'failed' });
    }
    const lines = rooms.get(roomId);
    lines?.delete(source);
    if (lines?.size === 0) rooms.delete(roomId);
  };

  return {
    push(each: VerifiedEvent): void {
      const { roomId } = each.queued;
      const { source, event } = each.event;
      const lines = rooms.get(roomId) ?? new Map<ServerName, Line>();
      rooms.set(roomId, lines);
      const known = lines.get(source);
      const line = known ?? { events: new Map<EventId, VerifiedEvent>(), filled: Promise.resolve() };
      if (line.events.has(event.eventId)) {
        onOutcome(each.queued, { eventId: event.eventId, fate: 'known' });
        return;
      }
      line.events.set(event.eventId, each);
      waiting += 1;
      log.debug({ roomId, eventId: event.eventId, source }, 'An event waits for missing ones.');
      if (known) return;
      lines.set(source, line);
      // Those of the same batch come right behind.
      line.filled = Promise.resolve().then(() => fill(roomId, source, line));
    },
    /** An event of the room came to its end. Returns whether it waited here. */
    settle(roomId: RoomId, outcome: Outcome): boolean {
      let wasWaiting = false;
      for (const line of rooms.get(roomId)?.values() ?? []) {
        const each = line.events.get(outcome.eventId);
        if (!each) continue;
        wasWaiting = true;
        end(line, each, outcome);
      }
      return wasWaiting;
    },
    counts: () => ({ waiting, rooms: rooms.size }),
    /** Resolves when no gap is being filled any more: for the end, after the signal. */
    async settled(): Promise<void> {
      const lines = [...rooms.values()].flatMap((each) => [...each.values()]);
      await Promise.all(lines.map(({ filled }) => filled));
    },
  };
};
