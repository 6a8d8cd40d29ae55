// A member invites a user of this server or of another.

import { forbidden } from '../protocol/errors/matrix-error.ts';
import type { EventId, RoomId } from '../protocol/ids/branded.ts';
import { changeMember, type MemberRequest } from './change-member.ts';
import type { Actor, MembershipDeps } from './deps.ts';
import { checkInvitee } from './invitee.ts';
import { clientContent, memberContent } from './member-content.ts';

/** Throws M_FORBIDDEN with the reason, M_INVITE_BLOCKED, M_NOT_FOUND, and what the user's server said. */
export const inviteUser = async (
  deps: MembershipDeps,
  actor: Actor,
  request: MemberRequest,
): Promise<{ readonly eventId: EventId }> => {
  await checkMayTell(deps, actor, request.roomId);
  const { roomId, target, originServerTs } = request;
  const invitee = await checkInvitee(deps, target);
  if (!invitee.isLocal) {
    const content = clientContent(request.content);
    const eventId = await deps.remote.invite({ roomId, sender: actor.userId, target, content, originServerTs });
    return { eventId };
  }
  const content = await memberContent(deps, invitee.user, 'invite', request.content);
  return changeMember(deps, actor, { ...request, membership: 'invite', content }, () => {});
};

/** Who is not in the room learns nothing about invitees from it. */
const checkMayTell = async ({ rooms }: MembershipDeps, actor: Actor, roomId: RoomId): Promise<void> => {
  const room = await rooms.view(roomId);
  if ((await room.membershipOf(actor.userId)) !== 'join') throw forbidden('Only members can invite others to a room.');
};
