// A local user joins a room, here or through another server.

import { forbidden, guestAccessForbidden } from '../protocol/errors/matrix-error.ts';
import type { JsonObject } from '../protocol/events/json.ts';
import type { RoomId } from '../protocol/ids/branded.ts';
import { authoriseJoin } from '../rooms/admission/authorise-join.ts';
import { isRestricted } from '../rooms/admission/join-conditions.ts';
import type { Draft, SentEvent } from '../rooms/send/draft.ts';
import type { RoomView } from '../rooms/state/room-view.ts';
import type { Actor, MembershipDeps } from './deps.ts';
import { admitsGuests } from './guests.ts';
import { memberContent } from './member-content.ts';
import { inheritFromPredecessor } from './succession.ts';

export interface JoinOptions {
  /** What the client adds to the member event. */
  readonly content: JsonObject;
  /** Servers that may be in the room, for rooms that this server is not in. */
  readonly via?: readonly string[];
  /** A member who joins again renews their member event; else nothing is sent. */
  readonly renew?: boolean;
  readonly originServerTs?: number | undefined;
}

/**
 * Throws M_FORBIDDEN with the reason, M_GUEST_ACCESS_FORBIDDEN, M_NOT_FOUND, and what other servers said. undefined: no event
 * was sent here; they were joined already, or joined through another server.
 */
export const joinRoom = async (
  deps: MembershipDeps,
  actor: Actor,
  roomId: RoomId,
  options: JoinOptions,
): Promise<SentEvent | undefined> => {
  if (!(await deps.remote.isHere(roomId)) && (await joinThroughOthers(deps, actor, roomId, options))) return undefined;
  return joinHere(deps, actor, roomId, options);
};

/** false: the room came here meanwhile. */
const joinThroughOthers = async (
  deps: MembershipDeps,
  actor: Actor,
  roomId: RoomId,
  { content: given, via = [] }: JoinOptions,
): Promise<boolean> => {
  if (actor.isGuest) throw guestAccessForbidden('Guests cannot join rooms of other servers.');
  const content = await memberContent(deps, actor.user, 'join', given);
  const isJoined = await deps.remote.join({ roomId, userId: actor.userId, content }, via);
  if (isJoined) await inheritFromPredecessor(deps, actor, roomId);
  return isJoined;
};

/** A condition is met, but only a user of another server may let others in. */
const ASK_OTHERS = Symbol('ask other servers');

const joinHere = async (
  deps: MembershipDeps,
  actor: Actor,
  roomId: RoomId,
  options: JoinOptions,
): Promise<SentEvent | undefined> => {
  const { content: given, via = [], renew, originServerTs } = options;
  const content = await memberContent(deps, actor.user, 'join', given);
  const event = { type: 'm.room.member', stateKey: actor.userId, sender: actor.userId };
  let isNew = false;
  let asksOthers = false;
  const [sent] = await deps.rooms.sendComposition(roomId, {
    possible: [event],
    async compose(room) {
      const membership = await room.membershipOf(actor.userId);
      isNew = membership !== 'join';
      if (!isNew && !renew) return [];
      const added = isNew ? await admission(deps, room, actor, membership) : {};
      asksOthers = added === ASK_OTHERS;
      if (added === ASK_OTHERS) return [];
      const draft: Draft = { ...event, content: { ...content, ...added }, originServerTs };
      return [draft];
    },
  });
  if (asksOthers) await deps.remote.joinForAuthorisation({ roomId, userId: actor.userId, content }, via);
  if (isNew) await inheritFromPredecessor(deps, actor, roomId);
  return sent;
};

/** What lets the user in, as far as the authorisation rules do not see it. */
const admission = async (
  deps: MembershipDeps,
  room: RoomView,
  actor: Actor,
  membership: string | undefined,
): Promise<JsonObject | typeof ASK_OTHERS> => {
  const [joinRules, guestAccess] = await room.pick([
    ['m.room.join_rules', ''],
    ['m.room.guest_access', ''],
  ]);
  if (actor.isGuest && !admitsGuests(guestAccess)) throw guestAccessForbidden('This room does not admit guests.');
  // "If membership state is join or invite, allow." Who is banned is refused by the rules.
  if (membership === 'invite' || membership === 'ban' || !isRestricted(joinRules, room.version)) return {};
  const admitted = await authoriseJoin(deps, room, joinRules, actor.user);
  switch (admitted.kind) {
    case 'authorised':
      return { join_authorised_via_users_server: admitted.by };
    case 'not-grantable':
      if (await deps.remote.hasOthers(room.roomId)) return ASK_OTHERS;
      throw forbidden('No member of this room on this server may invite others, so nobody can let you in.');
    case 'refused':
    case 'not-known':
      throw forbidden('You are neither invited nor in any of the rooms whose members may join this room.');
  }
};
