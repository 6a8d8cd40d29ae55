// The room that a server wants to come into or go out of, if this server can help with it.

import { forbidden, notFound } from '../../../protocol/errors/matrix-error.ts';
import type { RoomId, ServerName } from '../../../protocol/ids/branded.ts';
import { mayTakePart } from '../../../protocol/server-acl/server-acl.ts';
import type { RoomView } from '../../../rooms/state/room-view.ts';
import { residencyOf } from '../../../storage/stores/out-of-band.ts';
import type { HandshakeDeps } from '../deps.ts';

const RESIDENT = 1;

/** Throws M_NOT_FOUND when this server is not in the room, M_FORBIDDEN for servers that the room's ACL denies. */
export const roomFor = async (
  { db, rooms }: Pick<HandshakeDeps, 'db' | 'rooms'>,
  origin: ServerName,
  roomId: RoomId,
): Promise<RoomView> => {
  const residency = await db.read((tx) => residencyOf(tx, roomId));
  if (residency?.residency !== RESIDENT || !residency.hasLocal) {
    throw notFound(`This server is not in the room ${roomId}, or does not know its whole state yet.`);
  }
  const room = await rooms.view(roomId);
  const acl = await room.get('m.room.server_acl');
  if (!mayTakePart(acl?.content, origin)) throw forbidden(`The room's m.room.server_acl denies ${origin}.`);
  return room;
};
