// What a room looks like from outside. Client-Server API, GET /room_summary/{roomIdOrAlias}.

import { notFound } from '../../protocol/errors/matrix-error.ts';
import type { JsonObject } from '../../protocol/events/json.ts';
import type { RoomAlias, RoomId } from '../../protocol/ids/branded.ts';
import { isRoomAlias } from '../../protocol/ids/room-alias.ts';
import type { ReadTx } from '../../storage/database.ts';
import { findAlias } from '../../storage/stores/aliases.ts';
import type { Reading } from '../read/room-reader.ts';
import { previewRoom } from './may-preview.ts';

/** `user`: a nid, or undefined for who did not say. Throws M_NOT_FOUND for what they may not know of as well. */
export const roomSummary = async (
  reading: Reading,
  tx: ReadTx,
  roomIdOrAlias: RoomId | RoomAlias,
  user: number | undefined,
): Promise<JsonObject> => {
  const roomId = isRoomAlias(roomIdOrAlias) ? (await findAlias(tx, roomIdOrAlias))?.roomId : roomIdOrAlias;
  const preview = roomId && (await previewRoom(reading, tx, roomId, user));
  if (!preview) throw notFound('There is no such room here, or you may not look into it.');
  const { facts, membership } = preview;
  return { ...facts.summary, ...(membership !== undefined && { membership }) };
};
