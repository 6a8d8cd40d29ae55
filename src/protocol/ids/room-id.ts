// Room ids in both forms: with the creating server's name, and since version 12 the create event's hash.
// Appendices, "Room IDs".

import { invalidParam } from '../errors/matrix-error.ts';
import type { EventId, RoomId } from './branded.ts';
import { isIdWithoutServer, isIdWithServer } from './opaque-id.ts';

export const isRoomId = (text: string): text is RoomId => isIdWithServer(text, '!') || isIdWithoutServer(text, '!');

/** Throws M_INVALID_PARAM when `text` is not a room id. */
export const parseRoomId = (text: string): RoomId => {
  if (!isRoomId(text)) throw invalidParam('Not a room ID');
  return text;
};

/** Since v12: "the event ID of the m.room.create event using ! as the sigil instead of $". */
export const roomIdOfCreate = (createEventId: EventId): RoomId => `!${createEventId.slice(1)}` as RoomId;

/** Since v12: the create event that a room id without a domain names; undefined for a room id with a domain. */
export const createEventIdOf = (roomId: RoomId): EventId | undefined =>
  roomId.includes(':') ? undefined : (`$${roomId.slice(1)}` as EventId);
