// Guests may be only where they are welcome. Client-Server API, "Guest Access".

import type { RoomEvent } from '../protocol/events/room-event.ts';
import type { RoomRef } from '../rooms/room-ref.ts';
import { guestsInRoom } from '../storage/stores/room-guests.ts';
import type { MembershipDeps } from './deps.ts';
import { leaveRoom } from './leave-room.ts';

/** "only … if the m.room.guest_access state event is present on the room, and has the guest_access value can_join" */
export const admitsGuests = (guestAccess: RoomEvent | undefined): boolean =>
  guestAccess?.content.guest_access === 'can_join';

/** "If the m.room.guest_access event is changed …, the server MUST set those users' m.room.member state to leave." */
export const sendGuestsAway = async (deps: MembershipDeps, room: RoomRef): Promise<void> => {
  const view = await deps.rooms.view(room.roomId);
  if (admitsGuests(await view.get('m.room.guest_access'))) return;
  for (const userId of await deps.db.read((tx) => guestsInRoom(tx, room.nid))) {
    await leaveRoom(deps, userId, room.roomId, 'Guests are not admitted to this room any more.');
  }
};
