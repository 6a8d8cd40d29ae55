// Stands for the room engine where only the way to it is tested: events are stored when their prev events and auth events
// are; nothing is judged.

import type { EventId, RoomId } from '../../src/protocol/ids/branded.ts';
import type { AcceptOptions, Fate, IncomingEvent, Receive } from '../../src/rooms/receive/incoming.ts';

interface Kept {
  readonly roomId: RoomId;
  readonly hasState: boolean;
  readonly isRejected: boolean;
  readonly event: IncomingEvent | undefined;
}

export interface GivenRooms extends Receive {
  readonly kept: Map<EventId, Kept>;
  /** In the order in which they were accepted. */
  readonly timeline: EventId[];
  readonly calls: { roomId: RoomId; events: number; options: AcceptOptions }[];
  /** Awaited before events are taken. */
  before: (roomId: RoomId) => Promise<void>;
  /** An event that is here from the beginning. */
  give(roomId: RoomId, eventId: EventId): void;
}

export const createGivenRooms = (): GivenRooms => {
  const kept = new Map<EventId, Kept>();
  const timeline: EventId[] = [];
  const heads = new Map<RoomId, { eventId: EventId; depth: number }>();

  const acceptOne = (roomId: RoomId, event: IncomingEvent, options: AcceptOptions): Fate => {
    const { eventId, prevEvents, authEvents, depth } = event.event;
    if (kept.get(eventId)?.hasState) return { eventId, fate: 'known' };
    const before = options.statesBefore?.get(eventId);
    const missingPrevs = before ? [] : prevEvents.filter((id) => !kept.get(id)?.hasState);
    const missingAuthEvents = authEvents.filter((id) => !kept.has(id));
    const isWaiting = missingPrevs.length + missingAuthEvents.length > 0;
    if (isWaiting && options.onMissing === 'wait') {
      return { eventId, fate: 'waiting', missingPrevs, missingAuthEvents };
    }
    kept.set(eventId, { roomId, hasState: !isWaiting, isRejected: isWaiting, event });
    if (isWaiting) {
      const failed = { check: 'prev-events-present', rule: '', sentence: 'missing', inputs: missingPrevs } as const;
      return { eventId, fate: 'rejected', failed };
    }
    timeline.push(eventId);
    heads.set(roomId, { eventId, depth });
    return { eventId, fate: 'accepted' };
  };

  const given: GivenRooms = {
    kept,
    timeline,
    calls: [],
    before: async () => undefined,
    give(roomId, eventId) {
      kept.set(eventId, { roomId, hasState: true, isRejected: false, event: undefined });
      heads.set(roomId, { eventId, depth: 1 });
    },
    async accept(roomId, events, options) {
      await given.before(roomId);
      given.calls.push({ roomId, events: events.length, options });
      const fates = new Map<EventId, Fate>();
      // Often enough for any order.
      for (let round = 0; round < events.length; round++) {
        const left = events.filter(({ event }) => (fates.get(event.eventId)?.fate ?? 'waiting') === 'waiting');
        const onMissing = round === events.length - 1 ? options.onMissing : 'wait';
        for (const event of left) fates.set(event.event.eventId, acceptOne(roomId, event, { ...options, onMissing }));
      }
      return events.map(({ event }) => fates.get(event.eventId)!);
    },
    async acceptOutliers(roomId, events) {
      for (const event of events) {
        const { eventId } = event.event;
        if (!kept.has(eventId)) kept.set(eventId, { roomId, hasState: false, isRejected: false, event });
      }
      return events.map(({ event: { eventId } }) => ({ eventId, fate: 'accepted' }));
    },
    async enterRoom() {},
    async stored(eventIds) {
      return new Map(eventIds.flatMap((id) => (kept.has(id) ? [[id, kept.get(id)!]] : [])));
    },
    async storeState() {},
    async completeJoin() {},
    async finishJoin() {},
    async extremities(roomId) {
      const head = heads.get(roomId);
      return head ? [head] : [];
    },
  };
  return given;
};
