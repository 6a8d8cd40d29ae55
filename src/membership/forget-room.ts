// A local user forgets a room that they left. Client-Server API, "Leaving rooms".

import { notFound, unknownError } from '../protocol/errors/matrix-error.ts';
import type { RoomId } from '../protocol/ids/branded.ts';
import { forgetRoom as forget, membershipOf } from '../storage/stores/memberships.ts';
import { residencyOf } from '../storage/stores/out-of-band.ts';
import type { Actor, MembershipDeps } from './deps.ts';

/** Throws 400 M_UNKNOWN while they are in the room, invited or knocking; M_NOT_FOUND for a room that is none of theirs. */
export const forgetRoom = async (
  { db }: Pick<MembershipDeps, 'db'>,
  { user }: Actor,
  roomId: RoomId,
): Promise<void> => {
  // Also a room that they were only invited to.
  const room = await db.read((tx) => residencyOf(tx, roomId));
  if (!room) throw notFound(`This server does not know the room ${roomId}.`);
  const membership = await db.read((tx) => membershipOf(tx, user, room.nid));
  if (!membership) throw notFound(`You have nothing to do with the room ${roomId}.`);
  if (membership.forgotten === 1) return;
  if (!(await db.write(forget, { user, room: room.nid }))) {
    throw unknownError('Leave the room before you forget it.');
  }
};
