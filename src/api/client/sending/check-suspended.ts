// What suspended users may still send. Client-Server API, "Account suspension".

import type { Caller } from '../../../http/inbound/endpoint.ts';
import { userSuspended } from '../../../protocol/errors/matrix-error.ts';
import type { Json } from '../../../protocol/events/json.ts';
import type { EventId, RoomId } from '../../../protocol/ids/branded.ts';
import type { Rooms } from '../../../rooms/rooms.ts';

/** "Redact their own events." Throws M_USER_SUSPENDED. redacts: the event that would be redacted, if any. */
export const checkSuspended = async (
  caller: Caller,
  rooms: Pick<Rooms, 'isSenderOf'>,
  roomId: RoomId,
  redacts: Json | undefined,
): Promise<void> => {
  if (!caller.isSuspended) return;
  if (typeof redacts === 'string' && (await rooms.isSenderOf(roomId, redacts as EventId, caller.userId))) return;
  throw userSuspended('This account is suspended: it can redact its own events, and send nothing else.');
};
