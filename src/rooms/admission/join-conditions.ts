// Rooms that are joined by meeting a condition, and which. Client-Server API, "Restricted rooms".

import type { Json, JsonObject } from '../../protocol/events/json.ts';
import type { RoomEvent } from '../../protocol/events/room-event.ts';
import type { RoomId } from '../../protocol/ids/branded.ts';
import { isRoomId } from '../../protocol/ids/room-id.ts';
import type { RoomVersion } from '../../protocol/room-versions/room-version.ts';

/** Conditions looked at; no real room has more. */
const CONDITIONS_MAX = 200;

/** Whether joining takes a condition that is met, or an invite. */
export const isRestricted = (joinRules: RoomEvent | undefined, version: RoomVersion): boolean => {
  const rule = joinRules?.content.join_rule;
  // Since v8; knock_restricted since v10.
  if (rule === 'restricted') return version.allowRestrictedJoins;
  return rule === 'knock_restricted' && version.allowKnockRestricted;
};

/** "Currently there is only one condition available: m.room_membership." Others, and malformed ones, are passed over. */
export const allowedRooms = (allow: Json | undefined): RoomId[] => {
  if (!Array.isArray(allow)) return [];
  return allow.slice(0, CONDITIONS_MAX).flatMap((condition) => {
    if (typeof condition !== 'object' || condition === null || Array.isArray(condition)) return [];
    const { type, room_id: roomId } = condition as JsonObject;
    return type === 'm.room_membership' && typeof roomId === 'string' && isRoomId(roomId) ? [roomId] : [];
  });
};
