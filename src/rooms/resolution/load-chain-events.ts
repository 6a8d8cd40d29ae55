// State events with what they name, as resolutions look at them, read together and remembered.

import { authEventKeys } from '../../protocol/auth-rules/auth-event-keys.ts';
import type { RoomEvent } from '../../protocol/events/room-event.ts';
import type { EventId } from '../../protocol/ids/branded.ts';
import { stateKeyOf } from '../../protocol/state-resolution/state-key.ts';
import { loadEvents } from '../receive/load-events.ts';
import type { RoomRef } from '../room-ref.ts';
import type { Engine } from '../rooms.ts';
import type { StateKeyPair } from '../state/room-state.ts';
import type { ChainEvent } from './chain-memory.ts';

interface Loaded {
  readonly nid: number;
  readonly event: RoomEvent;
  readonly isRejected: boolean;
  readonly isElsewhere: boolean;
}

/** Events that stand in states of the room. */
export const loadByNid = async (engine: Engine, room: RoomRef, nids: readonly number[]): Promise<ChainEvent[]> => {
  const events = await engine.state.eventsOf(room, nids);
  const known = await engine.known.of(events.map(({ eventId }) => eventId));
  return chainEventsOf(
    engine,
    room,
    events.map((event, at) => {
      const isRejected = known.get(event.eventId)?.verdict === 2;
      return { nid: nids[at]!, event, isRejected, isElsewhere: false };
    }),
  );
};

/** Those that are here. */
export const loadById = async (engine: Engine, room: RoomRef, eventIds: Iterable<EventId>): Promise<ChainEvent[]> => {
  const loaded = await loadEvents(engine, room, eventIds);
  return chainEventsOf(
    engine,
    room,
    Array.from(loaded.values(), ({ known, event }) => ({
      nid: known.nid,
      event,
      isRejected: known.verdict === 2,
      isElsewhere: known.room !== room.nid,
    })),
  );
};

const chainEventsOf = async (engine: Engine, room: RoomRef, loaded: readonly Loaded[]): Promise<ChainEvent[]> => {
  const known = await engine.known.of(loaded.flatMap(({ event }) => event.authEvents));
  const pairs = loaded.map(({ event }) => pairsOf(room, event));
  const keys = await engine.names.findStateKeys(pairs.flat());
  let at = 0;
  return loaded.map(({ nid, event, isRejected, isElsewhere }, index) => {
    const own = keys.slice(at, at + pairs[index]!.length);
    at += own.length;
    const authEvents = event.authEvents.filter((id) => known.has(id));
    const asks = own.filter((key) => key !== undefined);
    const isWhole = authEvents.length === event.authEvents.length && asks.length === own.length;
    const chainEvent: ChainEvent = {
      nid,
      event: authEvents.length === event.authEvents.length ? event : { ...event, authEvents },
      key: stateKeyOf(event.type, event.stateKey ?? ''),
      // What is no state event stands in no state.
      stateKey: own[0] ?? -1,
      auths: authEvents.map((id) => known.get(id)!.nid),
      asks,
      isRejected,
    };
    // Events that are not here yet, and keys that nobody has used yet, may come to be.
    if (isWhole && !isElsewhere) engine.chains.put(chainEvent);
    return chainEvent;
  });
};

/** Its own key, and those of which the rules ask the state. */
const pairsOf = ({ version }: RoomRef, event: RoomEvent): StateKeyPair[] =>
  event.stateKey === undefined ? [] : [[event.type, event.stateKey], ...authEventKeys(event, version)];
