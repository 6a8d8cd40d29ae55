// Events that wait to be judged, a queue for each room: in the order they came within it, rooms beside each other. Events
// with something missing leave the queue, so that who sent them keeps nobody waiting.

import type { EventId, RoomId } from '../../protocol/ids/branded.ts';
import type { AcceptEvents } from './accept-events.ts';
import type { End, QueuedEvent, VerifiedEvent, VerifyBatch } from './verify-batch.ts';

export interface RoomQueuesDeps {
  readonly verifyBatch: VerifyBatch;
  readonly accept: AcceptEvents;
  /** The event came to its end. */
  readonly onOutcome: (queued: QueuedEvent, end: End) => void;
  /** It waits for events that are not here. */
  readonly onWaiting: (event: VerifiedEvent) => void;
  readonly signal: AbortSignal;
}

interface RoomQueue {
  readonly items: QueuedEvent[];
  worked: Promise<void>;
}

/** Events that are judged and written together. */
const BATCH_MAX = 200;
/** With so many batches at most an event is given again before what it waits for is fetched. */
const ROUNDS_GIVEN_MAX = 8;

/** Resolves with what is left: it waits for events that are not here. */
const judge = async (
  { accept, onOutcome }: Pick<RoomQueuesDeps, 'accept' | 'onOutcome'>,
  roomId: RoomId,
  verified: readonly VerifiedEvent[],
): Promise<VerifiedEvent[]> => {
  const once = new Map<EventId, VerifiedEvent>();
  for (const each of verified) {
    const { eventId } = each.event.event;
    if (once.has(eventId)) onOutcome(each.queued, { eventId, fate: 'known' });
    else once.set(eventId, each);
  }
  const given = [...once.values()];
  const events = given.map(({ event }) => event);
  const outcomes = await accept(roomId, events, { as: 'new', onMissing: 'wait' });
  return given.filter(({ queued }, at) => {
    const outcome = outcomes[at]!;
    if (outcome.fate !== 'waiting') onOutcome(queued, outcome);
    return outcome.fate === 'waiting';
  });
};

export const createRoomQueues = (deps: RoomQueuesDeps) => {
  const { verifyBatch, onWaiting, signal } = deps;
  const rooms = new Map<RoomId, RoomQueue>();
  let queued = 0;

  /**
   * Two batches are under way: while one is written the next one is judged, and meanwhile the signatures of the one after it are
   * checked. What waits for missing events is given again with later batches, which may bring them: servers hear of each other's
   * events in any order.
   */
  const workOff = async (roomId: RoomId, room: RoomQueue): Promise<void> => {
    let older = Promise.resolve<VerifiedEvent[]>([]);
    let newer = older;
    const hasMore = async (): Promise<boolean> => {
      // While they are under way more may come.
      if (room.items.length === 0) await Promise.all([older, newer]);
      return room.items.length > 0 && !signal.aborted;
    };
    for (let rounds = 1; await hasMore(); rounds++) {
      const batch = room.items.splice(0, BATCH_MAX);
      queued -= batch.length;
      const verified = await verifyBatch(roomId, batch);
      const left = await older;
      const again = rounds % ROUNDS_GIVEN_MAX === 0 ? [] : left;
      if (again.length === 0) left.forEach(onWaiting);
      older = newer;
      newer = judge(deps, roomId, [...again, ...verified]);
    }
    const [left, lastLeft] = await Promise.all([older, newer]);
    // What the older one left may have come with the newer one.
    const waiting = left.length > 0 ? await judge(deps, roomId, [...left, ...lastLeft]) : lastLeft;
    waiting.forEach(onWaiting);
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
