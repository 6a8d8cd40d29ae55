// Members act upon others: kick, ban, unban. The authorisation rules judge power; here stands what they do not see.

import { badMembership, forbidden } from '../protocol/errors/matrix-error.ts';
import type { JsonObject } from '../protocol/events/json.ts';
import type { RoomId, UserId } from '../protocol/ids/branded.ts';
import type { SentEvent } from '../rooms/send/draft.ts';
import type { Actor, MembershipDeps } from './deps.ts';
import { clientContent, withReason } from './member-content.ts';

type Deps = Pick<MembershipDeps, 'rooms'>;

export interface MemberRequest {
  readonly roomId: RoomId;
  readonly target: UserId;
  /** What the client says beside the membership. */
  readonly content: JsonObject;
  readonly originServerTs?: number | undefined;
}

export interface Change extends MemberRequest {
  readonly membership: string;
}

/** `check` sees the target's membership as it is when the change takes effect, and throws if it must not be. */
export const changeMember = async (
  { rooms }: Deps,
  actor: Actor,
  { roomId, target, membership, content, originServerTs }: Change,
  check: (current: string | undefined) => void,
): Promise<SentEvent> => {
  const event = { type: 'm.room.member', stateKey: target, sender: actor.userId };
  const [sent] = await rooms.sendComposition(roomId, {
    possible: [event],
    async compose(room) {
      check(await room.membershipOf(target));
      return [{ ...event, content: { ...clientContent(content), membership }, originServerTs }];
    },
  });
  return sent!;
};

/** Also declines a knock and takes back an invite. Throws M_FORBIDDEN. */
export const kick = (deps: Deps, actor: Actor, roomId: RoomId, target: UserId, reason?: string): Promise<SentEvent> =>
  changeMember(deps, actor, { roomId, target, membership: 'leave', content: withReason(reason) }, (current) => {
    if (current === 'ban') throw forbidden(`${target} is banned: a kick would lift the ban. Unban them instead.`);
    if (current === undefined || current === 'leave') throw forbidden(`${target} is not in this room.`);
  });

/** Throws M_FORBIDDEN. */
export const ban = (deps: Deps, actor: Actor, roomId: RoomId, target: UserId, reason?: string): Promise<SentEvent> =>
  changeMember(deps, actor, { roomId, target, membership: 'ban', content: withReason(reason) }, () => {});

/** Throws M_FORBIDDEN, and 403 M_BAD_STATE for a user who is not banned. */
export const unban = (deps: Deps, actor: Actor, roomId: RoomId, target: UserId, reason?: string): Promise<SentEvent> =>
  changeMember(deps, actor, { roomId, target, membership: 'leave', content: withReason(reason) }, (current) => {
    if (current !== 'ban') throw badMembership(`${target} is not banned from this room.`);
  });
