// The state of a room as the specification's algorithm gives it: over whole states and all auth chains, with nothing remembered.

import { present } from '../../src/lib/assert.ts';
import type { RoomEvent } from '../../src/protocol/events/room-event.ts';
import type { EventId } from '../../src/protocol/ids/branded.ts';
import { resolveState } from '../../src/protocol/state-resolution/resolve-state.ts';
import { type StateKey, stateKeyOf } from '../../src/protocol/state-resolution/state-key.ts';
import { bytesToHash, toRoomEvent } from '../../src/rooms/state/room-state.ts';
import type { RoomView } from '../../src/rooms/state/room-view.ts';
import type { ReadTx } from '../../src/storage/database.ts';
import { eventsByNid } from '../../src/storage/stores/events.ts';
import type { SimulatedServer } from './simulated-server.ts';

/** Ids of the state events, from the states after the forward extremities. */
export const referenceState = async ({ parts }: SimulatedServer, room: RoomView): Promise<Set<EventId>> => {
  const { db, rooms } = parts;
  const stored = await db.read(async (tx: ReadTx) => {
    const rows = await tx.all<{ nid: number }>('SELECT nid AS "nid" FROM events WHERE room = ?', room.nid);
    return eventsByNid(
      tx,
      rows.map(({ nid }) => nid),
    );
  });
  const rejected = new Set(stored.filter(({ verdict }) => verdict === 2).map(({ eventId }) => eventId));
  const here = new Set(stored.map(({ eventId }) => eventId));
  const events = new Map<EventId, RoomEvent>();
  const byNid = new Map<number, RoomEvent>();
  for (const one of stored) {
    const event = toRoomEvent(one, room);
    // Auth events that nobody could give count as absent.
    const known = { ...event, authEvents: event.authEvents.filter((id) => here.has(id)) };
    events.set(one.eventId, known);
    byNid.set(one.nid, known);
  }
  const ends = new Set((await rooms.receive.extremities(room.roomId)).map(({ eventId }) => eventId));
  const stateSets: Map<StateKey, EventId>[] = [];
  for (const { eventId, stateRoot } of stored) {
    if (!ends.has(eventId)) continue;
    const entries = await rooms.state.entries(bytesToHash(present(stateRoot, 'the state after an extremity is known')));
    const state = Array.from(entries.values(), (nid) => byNid.get(nid)!);
    stateSets.push(new Map(state.map((event) => [stateKeyOf(event.type, event.stateKey!), event.eventId])));
  }
  const create = [...events.values()].find(({ type, eventId }) => type === 'm.room.create' && !rejected.has(eventId));
  const { state } = resolveState({
    version: room.version,
    create: present(create, 'a room has its create event'),
    stateSets,
    event: (id) => events.get(id),
    isRejected: (id) => rejected.has(id),
  });
  return new Set(state.values());
};
