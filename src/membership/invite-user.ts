// A member invites a user of this server.

import { forbidden } from '../protocol/errors/matrix-error.ts';
import type { RoomId } from '../protocol/ids/branded.ts';
import type { SentEvent } from '../rooms/send/draft.ts';
import { changeMember, type MemberRequest } from './change-member.ts';
import type { Actor, MembershipDeps } from './deps.ts';
import { checkInvitee } from './invitee.ts';
import { memberContent } from './member-content.ts';

/** Throws M_FORBIDDEN with the reason, M_INVITE_BLOCKED, M_NOT_FOUND. */
export const inviteUser = async (deps: MembershipDeps, actor: Actor, request: MemberRequest): Promise<SentEvent> => {
  await checkMayTell(deps, actor, request.roomId);
  const content = await memberContent(deps, await checkInvitee(deps, request.target), 'invite', request.content);
  return changeMember(deps, actor, { ...request, membership: 'invite', content }, () => {});
};

/** Who is not in the room learns nothing about invitees from it. */
const checkMayTell = async ({ rooms }: MembershipDeps, actor: Actor, roomId: RoomId): Promise<void> => {
  const room = await rooms.view(roomId);
  if ((await room.membershipOf(actor.userId)) !== 'join') throw forbidden('Only members can invite others to a room.');
};
