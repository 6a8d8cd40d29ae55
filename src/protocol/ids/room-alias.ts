// Room aliases.
// Appendices, "Room Aliases".

import { invalidParam } from '../errors/matrix-error.ts';
import type { RoomAlias } from './branded.ts';
import { isIdWithServer } from './opaque-id.ts';

export const isRoomAlias = (text: string): text is RoomAlias => isIdWithServer(text, '#');

/** Throws M_INVALID_PARAM when `text` is not a room alias. */
export const parseRoomAlias = (text: string): RoomAlias => {
  if (!isRoomAlias(text)) throw invalidParam('Not a room alias');
  return text;
};
