// Events of one room that came before what they refer to. Servers hear of each other's events in any order: mostly what is
// missing is on its way, so that it is waited for a little before anybody is asked for it.

import type { Clock } from '../../lib/clock.ts';
import type { EventId } from '../../protocol/ids/branded.ts';
import type { VerifiedEvent } from './verify-batch.ts';

interface Held {
  readonly event: VerifiedEvent;
  readonly sinceMs: number;
  /** As `quietMs` was then. */
  readonly sinceQuietMs: number;
  readonly missing: Set<EventId>;
}

export interface HeldEventsDeps {
  readonly clock: Pick<Clock, 'monotonic'>;
  /** For how long in all nothing else of the room was there to be judged. */
  readonly quietMs: () => number;
}

/** For what is missing, while nothing else comes. */
const HOLD_QUIET_MS = 250;
/** However much else comes. */
const HOLD_MS_MAX = 10_000;
/** Between two looks at what may be overdue. */
const LOOK_MS_MIN = 25;

const idOf = ({ event }: VerifiedEvent): EventId => event.event.eventId;

export const createHeldEvents = ({ clock, quietMs }: HeldEventsDeps) => {
  const held = new Map<EventId, Held>();
  const byMissing = new Map<EventId, Set<Held>>();

  const takeOut = (each: Held): void => {
    held.delete(idOf(each.event));
    for (const missing of each.missing) {
      const waiting = byMissing.get(missing);
      waiting?.delete(each);
      if (waiting?.size === 0) byMissing.delete(missing);
    }
  };

  const isAtItsEnd = ({ sinceMs }: Held): boolean => clock.monotonic() - sinceMs >= HOLD_MS_MAX;

  /** Quiet milliseconds until it has waited for long enough; 0 or less: it has. */
  const leftMs = (each: Held): number => (isAtItsEnd(each) ? 0 : HOLD_QUIET_MS - (quietMs() - each.sinceQuietMs));

  /** Those go with what they wait for. */
  const isBehindOthers = (each: Held): boolean =>
    !isAtItsEnd(each) && [...each.missing].every((eventId) => held.has(eventId));

  /** With those that wait for it, and those that wait for them. */
  const takeAll = (first: Held): Iterable<Held> => {
    // Many ways may lead to one event: it is gone on from once.
    const taken = new Set([first]);
    for (const each of taken) {
      takeOut(each);
      for (const waiting of byMissing.get(idOf(each.event)) ?? []) taken.add(waiting);
    }
    return taken;
  };

  return {
    size: () => held.size,
    /** Returns false where the event is held already. */
    hold(event: VerifiedEvent, missing: readonly EventId[]): boolean {
      const eventId = idOf(event);
      if (held.has(eventId)) return false;
      const each = { event, sinceMs: clock.monotonic(), sinceQuietMs: quietMs(), missing: new Set(missing) };
      held.set(eventId, each);
      for (const id of each.missing) byMissing.set(id, (byMissing.get(id) ?? new Set()).add(each));
      return true;
    },
    /** The event is stored: takes out what waited for nothing else, and what waited for nothing else than that, in order. */
    release(eventId: EventId): VerifiedEvent[] {
      const released: VerifiedEvent[] = [];
      const stored = [eventId];
      for (const id of stored) {
        for (const each of byMissing.get(id) ?? []) {
          each.missing.delete(id);
          if (each.missing.size > 0) continue;
          takeOut(each);
          released.push(each.event);
          stored.push(idOf(each.event));
        }
        byMissing.delete(id);
      }
      return released;
    },
    /** Takes out what has waited for long enough, with all that waits for it. */
    overdue(): VerifiedEvent[] {
      const due: Held[] = [];
      for (const each of held.values()) {
        // The oldest came first.
        if (leftMs(each) > 0) break;
        if (!isBehindOthers(each)) due.push(...takeAll(each));
      }
      return due.map(({ event }) => event);
    },
    /** Quiet milliseconds until something may be overdue. */
    dueInMs(): number {
      const oldest = held.values().next().value;
      return oldest ? Math.max(LOOK_MS_MIN, leftMs(oldest)) : Number.POSITIVE_INFINITY;
    },
  };
};
