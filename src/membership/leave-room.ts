// A local user leaves a room, declines an invite or takes back a knock.

import { forbidden } from '../protocol/errors/matrix-error.ts';
import type { RoomId, UserId } from '../protocol/ids/branded.ts';
import type { MembershipDeps } from './deps.ts';
import { withReason } from './member-content.ts';

/** Does nothing when they left before. Throws M_FORBIDDEN when they have nothing to leave, M_NOT_FOUND. */
export const leaveRoom = async (
  { rooms, remote }: Pick<MembershipDeps, 'rooms' | 'remote'>,
  userId: UserId,
  roomId: RoomId,
  reason: string | undefined,
): Promise<void> => {
  // Of a room that this server is not in, another one has to be told.
  if (await remote.leave({ roomId, userId, content: withReason(reason) })) return;
  const event = { type: 'm.room.member', stateKey: userId, sender: userId };
  await rooms.sendComposition(roomId, {
    possible: [event],
    async compose(room) {
      const membership = await room.membershipOf(userId);
      if (membership === 'leave') return [];
      if (membership === 'ban') throw forbidden('You are banned from this room: there is nothing to leave.');
      if (membership === undefined) throw forbidden('You are neither in this room nor invited to it.');
      return [{ ...event, content: { ...withReason(reason), membership: 'leave' } }];
    },
  });
};
