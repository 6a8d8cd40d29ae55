// PUT of m.room.member as state: the same rules as those of the endpoints for each membership.

import { badJson } from '../protocol/errors/matrix-error.ts';
import type { SentEvent } from '../rooms/send/draft.ts';
import { changeMember, type MemberRequest } from './change-member.ts';
import type { Actor, MembershipDeps } from './deps.ts';
import { inviteUser } from './invite-user.ts';
import { joinRoom } from './join-room.ts';
import { knockOnRoom } from './knock-on-room.ts';

/** Throws M_FORBIDDEN with the reason, M_BAD_JSON without a membership, and what joining and inviting throw. */
export const setMember = async (deps: MembershipDeps, actor: Actor, request: MemberRequest): Promise<SentEvent> => {
  const { roomId, target, content, originServerTs } = request;
  const { membership } = content;
  if (typeof membership !== 'string') throw badJson('membership must be a string.');
  if (target === actor.userId && membership === 'join') {
    const sent = await joinRoom(deps, actor, roomId, { content, renew: true, originServerTs });
    return sent!;
  }
  if (target === actor.userId && membership === 'knock') return knockOnRoom(deps, actor, roomId, content);
  if (membership === 'invite') return inviteUser(deps, actor, request);
  return changeMember(deps, actor, { ...request, membership }, () => {});
};
