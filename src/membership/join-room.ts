// A local user joins a room that this server is in.

import { guestAccessForbidden } from '../protocol/errors/matrix-error.ts';
import type { JsonObject } from '../protocol/events/json.ts';
import type { RoomId } from '../protocol/ids/branded.ts';
import type { Draft, SentEvent } from '../rooms/send/draft.ts';
import type { RoomView } from '../rooms/state/room-view.ts';
import { authoriseJoin, isRestricted } from './authorise-join.ts';
import type { Actor, MembershipDeps } from './deps.ts';
import { admitsGuests } from './guests.ts';
import { memberContent } from './member-content.ts';
import { inheritFromPredecessor } from './succession.ts';

export interface JoinOptions {
  /** What the client adds to the member event. */
  readonly content: JsonObject;
  /** A member who joins again renews their member event; else nothing is sent. */
  readonly renew?: boolean;
  readonly originServerTs?: number | undefined;
}

/** Throws M_FORBIDDEN with the reason, M_GUEST_ACCESS_FORBIDDEN, M_NOT_FOUND. undefined: they were joined already. */
export const joinRoom = async (
  deps: MembershipDeps,
  actor: Actor,
  roomId: RoomId,
  options: JoinOptions,
): Promise<SentEvent | undefined> => {
  const content = await memberContent(deps, actor.user, 'join', options.content);
  const event = { type: 'm.room.member', stateKey: actor.userId, sender: actor.userId };
  let isNew = false;
  const [sent] = await deps.rooms.sendComposition(roomId, {
    possible: [event],
    async compose(room) {
      const membership = await room.membershipOf(actor.userId);
      isNew = membership !== 'join';
      if (!isNew && !options.renew) return [];
      const added = isNew ? await admission(deps, room, actor, membership) : {};
      const draft: Draft = { ...event, content: { ...content, ...added }, originServerTs: options.originServerTs };
      return [draft];
    },
  });
  if (isNew) await inheritFromPredecessor(deps, actor, roomId);
  return sent;
};

/** What lets the user in, as far as the authorisation rules do not see it. */
const admission = async (
  deps: MembershipDeps,
  room: RoomView,
  actor: Actor,
  membership: string | undefined,
): Promise<JsonObject> => {
  const [joinRules, guestAccess] = await room.pick([
    ['m.room.join_rules', ''],
    ['m.room.guest_access', ''],
  ]);
  if (actor.isGuest && !admitsGuests(guestAccess)) throw guestAccessForbidden('This room does not admit guests.');
  // "If membership state is join or invite, allow." Who is banned is refused by the rules.
  if (membership === 'invite' || membership === 'ban' || !isRestricted(joinRules, room.version)) return {};
  return { join_authorised_via_users_server: await authoriseJoin(deps, room, joinRules, actor) };
};
