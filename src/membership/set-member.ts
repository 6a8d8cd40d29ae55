// PUT of m.room.member as state: the same rules as those of the endpoints for each membership.

import { badJson, notFound } from '../protocol/errors/matrix-error.ts';
import type { EventId, RoomId } from '../protocol/ids/branded.ts';
import { changeMember, type MemberRequest } from './change-member.ts';
import type { Actor, MembershipDeps } from './deps.ts';
import { inviteUser } from './invite-user.ts';
import { joinRoom } from './join-room.ts';
import { knockOnRoom } from './knock-on-room.ts';

/** Throws M_FORBIDDEN with the reason, M_BAD_JSON without a membership, and what joining and inviting throw. */
export const setMember = async (
  deps: MembershipDeps,
  actor: Actor,
  request: MemberRequest,
): Promise<{ readonly eventId: EventId }> => {
  const { roomId, target, content, originServerTs } = request;
  const { membership } = content;
  if (typeof membership !== 'string') throw badJson('membership must be a string.');
  if (target === actor.userId && membership === 'join') {
    const sent = await joinRoom(deps, actor, roomId, { content, renew: true, originServerTs });
    return sent ?? ownMember(deps, actor, roomId);
  }
  if (target === actor.userId && membership === 'knock') {
    return (await knockOnRoom(deps, actor, roomId, content)) ?? ownMember(deps, actor, roomId);
  }
  if (membership === 'invite') return inviteUser(deps, actor, request);
  return changeMember(deps, actor, { ...request, membership }, () => {});
};

/** The event by which the user's membership is what it is, after another server sent it. */
const ownMember = async ({ rooms, remote }: MembershipDeps, { userId }: Actor, roomId: RoomId) => {
  const outOfBand = await remote.outOfBand(userId, roomId);
  const member = outOfBand ?? (await (await rooms.view(roomId)).get('m.room.member', userId));
  if (!member) throw notFound(`There is no membership of ${userId} in ${roomId}.`);
  return { eventId: member.eventId };
};
