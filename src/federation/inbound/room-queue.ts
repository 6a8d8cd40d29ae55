// The events of one room that wait to be judged, in the order they came. Events with something missing leave the queue, so
// that who sent them keeps nobody waiting.

import type { Clock } from '../../lib/clock.ts';
import type { EventId, RoomId } from '../../protocol/ids/branded.ts';
import { type AcceptEvents, isStored, type Outcome } from './accept-events.ts';
import { createHeldEvents } from './held-events.ts';
import { BATCH_MAX, createVerifyAhead } from './verify-ahead.ts';
import type { End, QueuedEvent, VerifiedEvent, VerifyBatch } from './verify-batch.ts';

export interface RoomQueueDeps {
  readonly verifyBatch: VerifyBatch;
  readonly accept: AcceptEvents;
  readonly clock: Clock;
  /** The event came to its end. */
  readonly onOutcome: (queued: QueuedEvent, end: End) => void;
  /** Some events have left the queue. */
  readonly onTaken: () => void;
  /** It waits for events that are not here, and have to be fetched. */
  readonly onWaiting: (event: VerifiedEvent) => void;
  readonly signal: AbortSignal;
}

export const createRoomQueue = (deps: RoomQueueDeps, roomId: RoomId) => {
  const { verifyBatch, accept, clock, onOutcome, onTaken, onWaiting, signal } = deps;
  const unverified = createVerifyAhead({ verify: (batch) => verifyBatch(roomId, batch), clock, onTaken });
  let quietMs = 0;
  const held = createHeldEvents({ clock, quietMs: () => quietMs });
  /** Were held; what they waited for is stored. */
  const released: VerifiedEvent[] = [];
  let wake = (): void => {};

  const settle = (each: VerifiedEvent, outcome: Outcome): void => {
    const { eventId } = outcome;
    if (outcome.fate === 'waiting') {
      const isHeld = held.hold(each, [...outcome.missingPrevs, ...outcome.missingAuthEvents]);
      if (!isHeld) onOutcome(each.queued, { eventId, fate: 'known' });
      return;
    }
    onOutcome(each.queued, outcome);
    if (isStored(outcome)) released.push(...held.release(eventId));
  };

  const judge = async (verified: readonly VerifiedEvent[]): Promise<void> => {
    const once = new Map<EventId, VerifiedEvent>();
    for (const each of verified) {
      const { eventId } = each.event.event;
      if (once.has(eventId)) onOutcome(each.queued, { eventId, fate: 'known' });
      else once.set(eventId, each);
    }
    const given = [...once.values()];
    const events = given.map(({ event }) => event);
    const outcomes = await accept(roomId, events, { as: 'new', onMissing: 'wait' });
    for (const [at, each] of given.entries()) settle(each, outcomes[at]!);
  };

  const hasWork = (): boolean => unverified.hasSome() || released.length > 0;

  /** Resolves when there is something to judge, when what is held may be overdue, or at the end. */
  const rest = async (): Promise<void> => {
    const from = clock.monotonic();
    const { promise, resolve } = Promise.withResolvers<void>();
    wake = resolve;
    const timer = clock.after(held.dueInMs(), resolve);
    signal.addEventListener('abort', wake);
    await promise;
    signal.removeEventListener('abort', wake);
    timer.cancel();
    quietMs += clock.monotonic() - from;
  };

  return {
    push(more: readonly QueuedEvent[]): void {
      unverified.push(more);
      wake();
    },
    /** An event of the room came on another way and is stored. */
    arrived(eventId: EventId): void {
      released.push(...held.release(eventId));
      if (released.length > 0) wake();
    },
    hasWork,
    counts: () => ({ queued: unverified.count(), held: held.size() }),
    getsOn: unverified.getsOn,
    /**
     * Resolves when nothing is left. Three batches are under way: while one is written the next one is judged, and meanwhile the
     * signatures of the one after it are checked. That is asked for first: judging leaves this thread no time for it.
     */
    async workOff(): Promise<void> {
      let older = Promise.resolve();
      let newer = older;
      while (!signal.aborted) {
        // While they are under way more may come.
        if (!hasWork()) await Promise.all([older, newer]);
        held.overdue().forEach(onWaiting);
        if (hasWork()) {
          const verified = await unverified.take();
          await older;
          [older, newer] = [newer, judge([...released.splice(0, BATCH_MAX), ...verified])];
        } else if (held.size() === 0) return;
        else await rest();
      }
      await Promise.all([older, newer, unverified.settled()]);
    },
  };
};

export type RoomQueue = ReturnType<typeof createRoomQueue>;
