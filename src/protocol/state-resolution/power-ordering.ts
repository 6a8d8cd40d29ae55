// The order in which power events are judged: "Reverse topological power ordering", room versions 2 to 12.

import { powerLevelsOf } from '../auth-rules/judged.ts';
import { compareCodePoints } from '../canonical-json/compare-code-points.ts';
import type { RoomEvent } from '../events/room-event.ts';
import type { EventId } from '../ids/branded.ts';
import type { RoomVersion } from '../room-versions/room-version.ts';
import type { GivenEvents } from './given-events.ts';
import { smallestFirst } from './smallest-first.ts';

interface Vertex {
  readonly event: RoomEvent;
  readonly power: number;
  /** Auth events among the sorted events that have not been placed yet. */
  waitsFor: number;
  readonly citedBy: Vertex[];
}

/**
 * "A power event is a state event with type m.room.power_levels or m.room.join_rules, or a state event with type
 * m.room.member where the membership is leave or ban and the sender does not match the state_key."
 * As servers do it, the first two count only with an empty state key, where they take effect.
 */
export function isPowerEvent(event: RoomEvent): boolean {
  if (event.type === 'm.room.power_levels' || event.type === 'm.room.join_rules' || event.type === 'm.room.create') {
    return event.stateKey === '';
  }
  if (event.type !== 'm.room.member' || event.sender === event.stateKey) return false;
  return event.content.membership === 'leave' || event.content.membership === 'ban';
}

/** "The lexicographically smallest topological ordering based on the DAG formed by auth events", by Kahn's algorithm. */
export function reverseTopologicalPowerOrdering(
  events: ReadonlyMap<EventId, RoomEvent>,
  version: RoomVersion,
  create: RoomEvent,
  given: GivenEvents,
): RoomEvent[] {
  const vertices = new Map<EventId, Vertex>();
  for (const [id, event] of events) {
    const power = powerOfSender(event, version, create, given);
    vertices.set(id, { event, power, waitsFor: 0, citedBy: [] });
  }
  const candidates = smallestFirst(compareVertices);
  for (const vertex of vertices.values()) {
    for (const id of new Set(vertex.event.authEvents)) {
      const cited = vertices.get(id);
      if (cited === undefined) continue;
      cited.citedBy.push(vertex);
      vertex.waitsFor++;
    }
  }
  for (const vertex of vertices.values()) if (vertex.waitsFor === 0) candidates.push(vertex);
  const ordered: RoomEvent[] = [];
  for (let vertex = candidates.pop(); vertex !== undefined; vertex = candidates.pop()) {
    ordered.push(vertex.event);
    for (const citer of vertex.citedBy) if (--citer.waitsFor === 0) candidates.push(citer);
  }
  return ordered;
}

/** "x's sender … power level … when looking at their respective auth_events": not by the current state. */
function powerOfSender(event: RoomEvent, version: RoomVersion, create: RoomEvent, given: GivenEvents): number {
  const powerLevels = given.authEvent(event, 'm.room.power_levels', '');
  return powerLevelsOf(powerLevels, version, create).powerOf(event.sender);
}

function compareVertices(x: Vertex, y: Vertex): number {
  // "x's sender has greater power level than y's sender" (both may be infinite, so no subtraction)
  if (x.power !== y.power) return x.power > y.power ? -1 : 1;
  return compareByTime(x.event, y.event);
}

/** "x's origin_server_ts is less than y's; or … the same origin_server_ts, but x's event_id is less than y's." */
export function compareByTime(x: RoomEvent, y: RoomEvent): number {
  return x.originServerTs - y.originServerTs || compareCodePoints(x.eventId, y.eventId);
}
