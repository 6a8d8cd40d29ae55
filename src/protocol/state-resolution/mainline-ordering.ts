// The order in which all other events are judged: "Mainline ordering", room versions 2 to 12.

import type { RoomEvent } from '../events/room-event.ts';
import type { EventId } from '../ids/branded.ts';
import type { GivenEvents } from './given-events.ts';
import { compareByTime } from './power-ordering.ts';

/** Orders `events` by the mainline of `powerLevels`, the resolved m.room.power_levels; undefined: there is none. */
export function mainlineOrdering(
  events: Iterable<RoomEvent>,
  powerLevels: RoomEvent | undefined,
  given: GivenEvents,
): RoomEvent[] {
  const positions = mainlineOf(powerLevels, given);
  const placed = Array.from(events, (event) => ({ event, position: positionOf(event, positions, given) }));
  placed.sort((x, y) => {
    // "the mainline position of x is greater than the mainline position of y"
    if (x.position !== y.position) return x.position > y.position ? -1 : 1;
    return compareByTime(x.event, y.event);
  });
  return placed.map(({ event }) => event);
}

/** "Repeatedly fetch Pᵢ₊₁, the m.room.power_levels event in the auth_events of Pᵢ": the index of each. */
function mainlineOf(powerLevels: RoomEvent | undefined, given: GivenEvents): Map<EventId, number> {
  const positions = new Map<EventId, number>();
  for (let event = powerLevels; event !== undefined; event = given.authEvent(event, 'm.room.power_levels', '')) {
    // Ids chosen by servers (v1–2) can refer in a circle.
    if (positions.has(event.eventId)) break;
    positions.set(event.eventId, positions.size);
  }
  return positions;
}

/**
 * "Find the smallest index j ≥ 1 for which eⱼ belongs to the mainline of P … Otherwise set i = ∞." What is found for the
 * events on the way is added to `positions`, so that every link is followed once.
 */
function positionOf(event: RoomEvent, positions: Map<EventId, number>, given: GivenEvents): number {
  const way: EventId[] = [];
  let position: number | undefined;
  let next = given.authEvent(event, 'm.room.power_levels', '');
  while (next !== undefined) {
    position = positions.get(next.eventId);
    if (position !== undefined) break;
    way.push(next.eventId);
    positions.set(next.eventId, Number.POSITIVE_INFINITY);
    next = given.authEvent(next, 'm.room.power_levels', '');
  }
  position ??= Number.POSITIVE_INFINITY;
  for (const id of way) positions.set(id, position);
  return position;
}
