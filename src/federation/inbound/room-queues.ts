// Events that wait to be judged, a queue for each room: in the order they came within it, rooms beside each other.

import type { EventId, RoomId } from '../../protocol/ids/branded.ts';
import { createIntake } from './intake.ts';
import { PDUS_MAX } from './read-transaction.ts';
import { createRoomQueue, type RoomQueue, type RoomQueueDeps } from './room-queue.ts';
import type { QueuedEvent } from './verify-batch.ts';

interface WorkedQueue {
  readonly queue: RoomQueue;
  readonly worked: Promise<void>;
}

export const createRoomQueues = (given: Omit<RoomQueueDeps, 'onTaken'>) => {
  const rooms = new Map<RoomId, WorkedQueue>();
  const queuedWhereItGetsOn = (): number => {
    let queued = 0;
    for (const { queue } of rooms.values()) if (queue.getsOn()) queued += queue.counts().queued;
    return queued;
  };
  const intake = createIntake({ clock: given.clock, queued: queuedWhereItGetsOn });
  const deps: RoomQueueDeps = { ...given, onTaken: () => intake.shrank(PDUS_MAX) };

  const start = async (roomId: RoomId, queue: RoomQueue): Promise<void> => {
    while (queue.hasWork() && !deps.signal.aborted) await queue.workOff();
    rooms.delete(roomId);
  };

  return {
    /** Resolves when there is room for the events of a transaction. */
    intake: intake.open,
    /** Events of one room, behind those that are there. */
    push(roomId: RoomId, items: readonly QueuedEvent[]): void {
      const working = rooms.get(roomId);
      const queue = working?.queue ?? createRoomQueue(deps, roomId);
      queue.push(items);
      if (!working) rooms.set(roomId, { queue, worked: start(roomId, queue) });
    },
    /** An event of the room came on another way and is stored: others may have waited for it. */
    arrived(roomId: RoomId, eventId: EventId): void {
      rooms.get(roomId)?.queue.arrived(eventId);
    },
    counts() {
      const counts = { queued: 0, held: 0, rooms: rooms.size };
      for (const { queue } of rooms.values()) {
        const { queued, held } = queue.counts();
        counts.queued += queued;
        counts.held += held;
      }
      return counts;
    },
    /** Resolves when nobody works any more: for the end, after the signal. */
    async settled(): Promise<void> {
      await Promise.all([...rooms.values()].map(({ worked }) => worked));
    },
  };
};
