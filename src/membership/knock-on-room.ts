// A local user asks to be let into a room that this server is in. Client-Server API, "Knocking on rooms".

import type { JsonObject } from '../protocol/events/json.ts';
import type { RoomId } from '../protocol/ids/branded.ts';
import type { SentEvent } from '../rooms/send/draft.ts';
import { changeMember } from './change-member.ts';
import type { Actor, MembershipDeps } from './deps.ts';
import { memberContent } from './member-content.ts';

/** Throws M_FORBIDDEN with the rule that refuses it, M_NOT_FOUND. */
export const knockOnRoom = async (
  deps: MembershipDeps,
  actor: Actor,
  roomId: RoomId,
  extra: JsonObject,
): Promise<SentEvent> => {
  const content = await memberContent(deps, actor.user, 'knock', extra);
  return changeMember(deps, actor, { roomId, target: actor.userId, membership: 'knock', content }, () => {});
};
