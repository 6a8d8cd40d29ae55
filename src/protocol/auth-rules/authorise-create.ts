// Rule 1: m.room.create.

import type { Json } from '../events/json.ts';
import type { RoomEvent } from '../events/room-event.ts';
import { serverOf } from '../ids/id-parts.ts';
import { isUserId } from '../ids/user-id.ts';
import type { RoomVersion } from '../room-versions/room-version.ts';
import { allowed, reject, type Verdict } from './verdict.ts';

export function authoriseCreate(event: RoomEvent, version: RoomVersion): Verdict {
  const { content } = event;
  if (event.prevEvents.length > 0) {
    return reject(version, 'create.1', 'If it has any `prev_events`, reject.');
  }
  // Until v11. Since v12 "If the event has a room_id, reject": parsing refuses it, and an event parsed from elsewhere
  // shows it by a room id that is not its own event id.
  if (version.roomIdIsCreateHash) {
    if (event.roomId.slice(1) !== event.eventId.slice(1)) {
      return reject(version, 'create.2', 'If the event has a `room_id`, reject.');
    }
  } else if (serverOf(event.roomId) !== serverOf(event.sender)) {
    const sentence = 'If the domain of the `room_id` does not match the domain of the `sender`, reject.';
    return reject(version, 'create.2', sentence);
  }
  // The event is judged by the version it names, so any other name is one that was not recognised.
  if (content.room_version !== undefined && content.room_version !== version.id) {
    const sentence = 'If `content.room_version` is present and is not a recognised version, reject.';
    return reject(version, 'create.3', sentence);
  }
  // Until v10.
  if (version.creatorInContent && content.creator === undefined) {
    return reject(version, 'create.4', 'If `content` has no `creator` property, reject.');
  }
  // Since v12.
  if (version.privilegedCreators && !areUserIds(content.additional_creators)) {
    const sentence =
      'If `additional_creators` is present in `content` and is not an array of strings where each string passes the same user ID validation applied to `sender`, reject.';
    return reject(version, 'create.4', sentence);
  }
  // "Otherwise, allow."
  return allowed;
}

function areUserIds(value: Json | undefined): boolean {
  if (value === undefined) return true;
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string' && isUserId(entry));
}
