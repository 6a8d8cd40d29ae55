// Events by their ids with what became of them, as the rules look at them.

import type { RoomEvent } from '../../protocol/events/room-event.ts';
import type { EventId, RoomId } from '../../protocol/ids/branded.ts';
import { eventsById } from '../../storage/stores/events.ts';
import type { RoomRef } from '../room-ref.ts';
import type { Engine } from '../rooms.ts';
import { toRoomEvent } from '../state/room-state.ts';
import type { KnownEvent } from './known-events.ts';

export interface LoadedEvent {
  readonly known: KnownEvent;
  readonly event: RoomEvent;
}

/** An event of another room keeps no room id that could be taken for this one's. */
const ELSEWHERE = '!' as RoomId;

/** Those that are here. */
export const loadEvents = async (
  engine: Engine,
  room: RoomRef,
  eventIds: Iterable<EventId>,
): Promise<Map<EventId, LoadedEvent>> => {
  const known = await engine.known.of(eventIds);
  const loaded = new Map<EventId, LoadedEvent>();
  const absent: KnownEvent[] = [];
  const elsewhere: KnownEvent[] = [];
  for (const [id, one] of known) {
    const event = engine.known.underWay.get(id);
    if (event) loaded.set(id, { known: one, event });
    else (one.room === room.nid ? absent : elsewhere).push(one);
  }
  const events = await engine.state.eventsOf(
    room,
    absent.map(({ nid }) => nid),
  );
  for (const [index, one] of absent.entries()) loaded.set(one.eventId, { known: one, event: events[index]! });
  if (elsewhere.length === 0) return loaded;
  for (const stored of await engine.db.read((tx) =>
    eventsById(
      tx,
      elsewhere.map(({ eventId }) => eventId),
    ),
  )) {
    const event = { ...toRoomEvent(stored, room), roomId: ELSEWHERE };
    loaded.set(stored.eventId, { known: known.get(stored.eventId)!, event });
  }
  return loaded;
};
