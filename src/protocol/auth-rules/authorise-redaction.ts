// Redactions: the rule of authorisation in room versions 1 and 2, and who may have one applied in every version.

import type { RoomEvent } from '../events/room-event.ts';
import { serverOf } from '../ids/id-parts.ts';
import type { RoomVersion } from '../room-versions/room-version.ts';
import type { Judged } from './judged.ts';
import type { PowerLevels } from './power-levels.ts';
import { allowed, reject, type Verdict } from './verdict.ts';

/** v1–2: rule 11. */
export function authoriseRedaction(judged: Judged, powerLevels: RoomEvent | undefined, levels: PowerLevels): Verdict {
  const { event, version } = judged;
  // "If the sender's power level is greater than or equal to the redact level, allow."
  if (levels.powerOf(event.sender) >= levels.redact) return allowed;
  // "If the domain of the event_id of the event being redacted is the same as the domain of the event_id of the
  // m.room.redaction, allow."
  if (event.redacts !== undefined && sameServer(event.redacts, event.eventId)) return allowed;
  const sentence =
    'If the domain of the `event_id` of the event being redacted is the same as the domain of the `event_id` of the `m.room.redaction`, allow. Otherwise, reject.';
  return reject(version, 'redaction.3', sentence, powerLevels);
}

/**
 * Whether an accepted redaction applies to `target`, the event it names, given the power levels before the redaction.
 * Since v3: "the server applies the redaction if one of the following conditions is met". Never across rooms.
 */
export function mayRedact(redaction: RoomEvent, target: RoomEvent, version: RoomVersion, levels: PowerLevels): boolean {
  if (redaction.redacts !== target.eventId || redaction.roomId !== target.roomId) return false;
  // "The power level of the redaction event's sender is greater than or equal to the redact level."
  if (levels.powerOf(redaction.sender) >= levels.redact) return true;
  // v1–2: the domains of the event ids, as rule 11 has it.
  if (version.redactionCheckedByAuthRules) return sameServer(redaction.eventId, target.eventId);
  // "The domain of the redaction event's sender matches that of the original event's sender."
  return serverOf(redaction.sender) === serverOf(target.sender);
}

function sameServer(one: RoomEvent['eventId'], other: RoomEvent['eventId']): boolean {
  const server = serverOf(one);
  return server !== undefined && server === serverOf(other);
}
