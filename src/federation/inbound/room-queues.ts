// Events that wait to be judged, a queue for each room: in the order they came within it, rooms beside each other. Events
// with something missing leave the queue, so that who sent them keeps nobody waiting.

import type { Log } from '../../lib/log.ts';
import type { EventId, RoomId, ServerName } from '../../protocol/ids/branded.ts';
import type { IncomingEvent } from '../../rooms/receive/incoming.ts';
import type { Verified, Verify } from '../verify/verify-pdus.ts';
import type { AcceptEvents, Outcome } from './accept-events.ts';
import type { PendingWork } from './backlog.ts';
import type { AddPolicySignatures } from './policy-signatures.ts';
import type { QueuedPdu } from './sort-pdus.ts';

export interface QueuedEvent extends QueuedPdu {
  readonly work: PendingWork;
}

/** An event that passed the checks which need no room. */
export interface VerifiedEvent {
  readonly event: IncomingEvent;
  readonly queued: QueuedEvent;
}

export interface RoomQueuesDeps {
  readonly verify: Pick<Verify, 'verifyParsed'>;
  readonly addPolicySignatures: AddPolicySignatures;
  readonly accept: AcceptEvents;
  readonly log: Log;
  /** The event came to its end; `invalid`: dropped for its signatures or format. */
  readonly onOutcome: (queued: QueuedEvent, outcome: Outcome | { eventId: EventId; fate: 'invalid' }) => void;
  /** It waits for events that are not here. */
  readonly onWaiting: (event: VerifiedEvent) => void;
  readonly signal: AbortSignal;
}

interface RoomQueue {
  readonly items: QueuedEvent[];
  worked: Promise<void>;
}

/** Events that are judged and written together. */
const BATCH_MAX = 100;
/** With so many batches at most an event is given again before what it waits for is fetched. */
const ROUNDS_GIVEN_MAX = 4;
/** For keys that are not known; others in the room wait meanwhile. */
const KEY_TIMEOUT_MS = 5000;

export const createRoomQueues = (deps: RoomQueuesDeps) => {
  const { verify, addPolicySignatures, accept, log, onOutcome, onWaiting, signal } = deps;
  const rooms = new Map<RoomId, RoomQueue>();
  let queued = 0;

  const verifyBatch = async (batch: readonly QueuedEvent[]): Promise<VerifiedEvent[]> => {
    const bySource = Map.groupBy(batch, ({ work }) => work.origin);
    const results = new Map<QueuedEvent, Verified>();
    const verifyOf = async (source: ServerName, items: readonly QueuedEvent[]): Promise<void> => {
      const parsed = items.map((item) => item.parsed);
      const options = { keyTimeoutMs: KEY_TIMEOUT_MS };
      const verified = await verify.verifyParsed(parsed, items[0]!.version, source, options);
      for (const [at, result] of verified.entries()) results.set(items[at]!, result);
    };
    await Promise.all([...bySource].map(([source, items]) => verifyOf(source, items)));
    const good: VerifiedEvent[] = [];
    for (const item of batch) {
      const result = results.get(item)!;
      if (result.ok) {
        good.push({ event: result.event, queued: item });
        continue;
      }
      const { eventId } = item.parsed.event;
      const { roomId, work } = item;
      log.info({ roomId, eventId, source: work.origin, reason: result.reason }, 'An event was dropped.');
      onOutcome(item, { eventId, fate: 'invalid' });
    }
    return good;
  };

  /** What is left waits for events that are not here. */
  const judge = async (roomId: RoomId, verified: readonly VerifiedEvent[]): Promise<VerifiedEvent[]> => {
    const once = new Map<EventId, VerifiedEvent>();
    for (const each of verified) {
      const { eventId } = each.event.event;
      if (once.has(eventId)) onOutcome(each.queued, { eventId, fate: 'known' });
      else once.set(eventId, each);
    }
    const events = [...once.values()];
    const outcomes = await accept(
      roomId,
      events.map(({ event }) => event),
      { as: 'new', onMissing: 'wait' },
    );
    return events.filter((each, at) => {
      const outcome = outcomes[at]!;
      if (outcome.fate !== 'waiting') onOutcome(each.queued, outcome);
      return outcome.fate === 'waiting';
    });
  };

  /** By a fault of this server: what was to be judged stays stored, and is taken up again at the next start. */
  const verifyOrKeep = async (roomId: RoomId, batch: readonly QueuedEvent[]): Promise<VerifiedEvent[]> => {
    try {
      const verified = await verifyBatch(batch);
      const events = await addPolicySignatures(
        // What was known of the room when the last of them came.
        batch.at(-1)!,
        verified.map(({ event }) => event),
      );
      return verified.map(({ queued: item }, at) => ({ event: events[at]!, queued: item }));
    } catch (err) {
      log.error({ err, roomId, events: batch.length }, 'Events could not be verified.');
      for (const item of batch) onOutcome(item, { eventId: item.parsed.event.eventId, fate: 'failed' });
      return [];
    }
  };

  /**
   * While a batch is judged and written the next one's signatures are checked. What waits for missing events is given again with
   * the next batches, which may bring them: servers hear of each other's events in any order.
   */
  const workOff = async (roomId: RoomId, room: RoomQueue): Promise<void> => {
    let judged = Promise.resolve<VerifiedEvent[]>([]);
    for (let rounds = 1; room.items.length > 0 && !signal.aborted; rounds++) {
      const batch = room.items.splice(0, BATCH_MAX);
      queued -= batch.length;
      const verified = await verifyOrKeep(roomId, batch);
      const left = await judged;
      const again = rounds % ROUNDS_GIVEN_MAX === 0 ? [] : left;
      if (again.length === 0) left.forEach(onWaiting);
      judged = judge(roomId, [...again, ...verified]);
    }
    (await judged).forEach(onWaiting);
  };

  const start = async (roomId: RoomId, room: RoomQueue): Promise<void> => {
    while (room.items.length > 0 && !signal.aborted) await workOff(roomId, room);
    rooms.delete(roomId);
  };

  return {
    /** Events of one room, behind those that are there. */
    push(roomId: RoomId, items: readonly QueuedEvent[]): void {
      const working = rooms.get(roomId);
      const room = working ?? { items: [], worked: Promise.resolve() };
      for (const item of items) room.items.push(item);
      queued += items.length;
      if (working) return;
      rooms.set(roomId, room);
      room.worked = start(roomId, room);
    },
    counts: () => ({ queued, rooms: rooms.size }),
    /** Resolves when nobody works any more: for the end, after the signal. */
    async settled(): Promise<void> {
      await Promise.all([...rooms.values()].map(({ worked }) => worked));
    },
  };
};

export type RoomQueues = ReturnType<typeof createRoomQueues>;
