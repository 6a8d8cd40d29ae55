// Who created a room, as its version defines it.

import type { RoomEvent } from '../events/room-event.ts';
import type { RoomVersion } from '../room-versions/room-version.ts';

/** The one user who counts as creator in the join rule; undefined when the create event does not say. */
export function creatorOf(create: RoomEvent, version: RoomVersion): string | undefined {
  // Until v10: "the creator" is content.creator; since v11: "the sender of the m.room.create".
  if (!version.creatorInContent) return create.sender;
  return typeof create.content.creator === 'string' ? create.content.creator : undefined;
}

/** Since v12 creators are the sender of m.room.create and the additional_creators of its content. */
export function isCreator(user: string, create: RoomEvent | undefined, version: RoomVersion): boolean {
  if (create === undefined) return false;
  if (user === creatorOf(create, version)) return true;
  const additional = version.privilegedCreators ? create.content.additional_creators : undefined;
  return Array.isArray(additional) && additional.includes(user);
}
