// The rules about an event's auth_events themselves, before any of them is used: rule 2 until room version 11, rules 2
// and 3 since version 12. They depend only on the event, so they are checked once, on receipt.

import type { RoomEvent } from '../events/room-event.ts';
import type { RoomVersion } from '../room-versions/room-version.ts';
import { authEventKeys } from './auth-event-keys.ts';
import type { AuthEvent } from './auth-facts.ts';
import { allowed, reject, type Verdict } from './verdict.ts';

/**
 * Checks `authEvents`, the loaded entries of the event's auth_events. `create` is the room's create event, which counts
 * only since version 12 (before, it must be among the entries).
 */
export function checkAuthEvents(
  event: RoomEvent,
  authEvents: readonly AuthEvent[],
  version: RoomVersion,
  create: AuthEvent | undefined,
): Verdict {
  // Rule 1 decides about m.room.create before these rules are reached.
  if (event.type === 'm.room.create') return allowed;
  if (version.roomIdIsCreateHash && !isCreateOf(create, event)) {
    return reject(version, 'room', roomSentence, create?.event);
  }
  return checkEntries(event, authEvents, version);
}

export const roomSentence =
  "If the event's `room_id` is not an event ID for an accepted (not rejected) `m.room.create` event, with the sigil `!` instead of `$`, reject.";

function isCreateOf(create: AuthEvent | undefined, event: RoomEvent): boolean {
  return create !== undefined && !create.rejected && namesRoom(create.event, event);
}

/** Since v12: whether the room id of `event` is the id of this create event. */
export function namesRoom(create: RoomEvent, event: RoomEvent): boolean {
  return create.type === 'm.room.create' && create.eventId.slice(1) === event.roomId.slice(1);
}

function checkEntries(event: RoomEvent, authEvents: readonly AuthEvent[], version: RoomVersion): Verdict {
  const keys = authEventKeys(event, version);
  const found: (RoomEvent | undefined)[] = keys.map(() => undefined);
  let unselected: RoomEvent | undefined;
  for (const { event: entry } of authEvents) {
    const index = keys.findIndex(([type, stateKey]) => type === entry.type && stateKey === entry.stateKey);
    if (index < 0) {
      unselected ??= entry;
      continue;
    }
    if (found[index] !== undefined) {
      const sentence = 'If there are duplicate entries for a given `type` and `state_key` pair, reject.';
      return reject(version, 'auth-events.1', sentence, found[index], entry);
    }
    found[index] = entry;
  }
  if (unselected !== undefined) {
    const sentence =
      "If there are entries whose `type` and `state_key` don't match those specified by the auth events selection algorithm described in the server specification, reject.";
    return reject(version, 'auth-events.2', sentence, unselected);
  }
  const rejected = authEvents.filter((entry) => entry.rejected);
  if (rejected.length > 0) {
    const sentence =
      'If there are entries which were themselves rejected under the checks performed on receipt of a PDU, reject.';
    return reject(version, 'auth-events.3', sentence, ...rejected.map((entry) => entry.event));
  }
  // Until v11; since v12 the room id says which create event it is.
  if (!version.roomIdIsCreateHash && found[0] === undefined) {
    return reject(version, 'auth-events.4', noCreateSentence);
  }
  const elsewhere = authEvents.filter((entry) => entry.event.roomId !== event.roomId);
  if (elsewhere.length > 0) {
    const sentence =
      'If any event in `auth_events` has a `room_id` which does not match that of the event being authorised, reject.';
    return reject(version, 'auth-events.5', sentence, ...elsewhere.map((entry) => entry.event));
  }
  return allowed;
}

export const noCreateSentence = 'If there is no `m.room.create` event among the entries, reject.';
