// A local user asks to be let into a room, here or through another server. Client-Server API, "Knocking on rooms".

import type { JsonObject } from '../protocol/events/json.ts';
import type { RoomId } from '../protocol/ids/branded.ts';
import type { SentEvent } from '../rooms/send/draft.ts';
import { changeMember } from './change-member.ts';
import type { Actor, MembershipDeps } from './deps.ts';
import { memberContent } from './member-content.ts';

/**
 * `via`: servers that may be in the room. Throws M_FORBIDDEN with the rule that refuses it, M_NOT_FOUND, and what other
 * servers said. undefined: another server sent the knock.
 */
export const knockOnRoom = async (
  deps: MembershipDeps,
  actor: Actor,
  roomId: RoomId,
  extra: JsonObject,
  via: readonly string[] = [],
): Promise<SentEvent | undefined> => {
  const content = await memberContent(deps, actor.user, 'knock', extra);
  if (!(await deps.remote.isHere(roomId))) {
    await deps.remote.knock({ roomId, userId: actor.userId, content }, via);
    return undefined;
  }
  return changeMember(deps, actor, { roomId, target: actor.userId, membership: 'knock', content }, () => {});
};
