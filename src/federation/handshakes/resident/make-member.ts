// Templates for the joins, knocks and leaves of other servers' users. Server-Server API, make_join, make_knock, make_leave.

import { forbidden, incompatibleRoomVersion } from '../../../protocol/errors/matrix-error.ts';
import type { JsonObject } from '../../../protocol/events/json.ts';
import type { RoomId, ServerName, UserId } from '../../../protocol/ids/branded.ts';
import { serverOf } from '../../../protocol/ids/id-parts.ts';
import type { HandshakeDeps, HandshakeKind } from '../deps.ts';
import { authoriserFor } from './admission.ts';
import { roomFor } from './room-for.ts';

export interface TemplateQuestion {
  readonly kind: HandshakeKind;
  readonly roomId: RoomId;
  readonly userId: UserId;
  /** The room versions that their server knows; undefined: it does not say, and they do not matter. */
  readonly versions?: readonly string[] | undefined;
}

/**
 * Throws M_NOT_FOUND, M_FORBIDDEN with the rule, M_INCOMPATIBLE_ROOM_VERSION, and for joins to restricted rooms
 * M_UNABLE_TO_AUTHORISE_JOIN and M_UNABLE_TO_GRANT_JOIN.
 */
export const makeMember = async (
  deps: HandshakeDeps,
  origin: ServerName,
  { kind, roomId, userId, versions }: TemplateQuestion,
): Promise<{ readonly room_version: string; readonly event: JsonObject }> => {
  if (serverOf(userId) !== origin) throw forbidden(`${userId} is not a user of ${origin}.`);
  const room = await roomFor(deps, origin, roomId);
  const { id } = room.version;
  if (versions && !versions.includes(id)) {
    throw incompatibleRoomVersion(`The room has version ${id}, which ${origin} does not know.`, id);
  }
  const authoriser = kind === 'join' ? await authoriserFor(deps, room, userId) : undefined;
  const template = await deps.rooms.template(roomId, {
    type: 'm.room.member',
    stateKey: userId,
    sender: userId,
    content: { membership: kind, ...(authoriser !== undefined && { join_authorised_via_users_server: authoriser }) },
  });
  return { room_version: id, event: template.pdu };
};
