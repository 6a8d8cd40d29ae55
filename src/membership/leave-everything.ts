// A deactivated user leaves all rooms, declines all invites and takes back all knocks.

import type { UserId } from '../protocol/ids/branded.ts';
import { membershipsOfUser } from '../storage/stores/memberships.ts';
import { roomIdsOf } from '../storage/stores/rooms.ts';
import type { MembershipDeps } from './deps.ts';
import { leaveRoom } from './leave-room.ts';
import { isRefusal } from './refusal.ts';

const LEAVABLE: ReadonlySet<string> = new Set(['join', 'invite', 'knock']);

/** Rooms that refuse are passed over; throws when the server itself fails. */
export const leaveEverything = async (deps: MembershipDeps, user: number, userId: UserId): Promise<void> => {
  const roomIds = await deps.db.read(async (tx) => {
    const memberships = await membershipsOfUser(tx, user);
    const rooms = memberships.filter(({ membership }) => LEAVABLE.has(membership)).map(({ room }) => room);
    return [...(await roomIdsOf(tx, rooms)).values()];
  });
  for (const roomId of roomIds) {
    try {
      await leaveRoom(deps, userId, roomId, undefined);
    } catch (err) {
      if (!isRefusal(err)) throw err;
      deps.log.warn({ err, userId, roomId }, 'A deactivated user could not leave a room.');
    }
  }
};
