// The part `membership`: who comes into rooms and goes, and rooms as they are made and replaced.

import type { JsonObject } from '../protocol/events/json.ts';
import type { EventId, RoomId, UserId } from '../protocol/ids/branded.ts';
import { isRoomId } from '../protocol/ids/room-id.ts';
import type { RoomRef } from '../rooms/room-ref.ts';
import { ban, kick, type MemberRequest, unban } from './change-member.ts';
import { createRoom } from './creation/create-room.ts';
import type { CreationRequest } from './creation/creation-request.ts';
import type { Actor, MembershipDeps } from './deps.ts';
import { forgetRoom } from './forget-room.ts';
import { sendGuestsAway } from './guests.ts';
import { inviteUser } from './invite-user.ts';
import { joinRoom } from './join-room.ts';
import { knockOnRoom } from './knock-on-room.ts';
import { leaveEverything } from './leave-everything.ts';
import { leaveRoom } from './leave-room.ts';
import { createServerNotices } from './notices/server-notices.ts';
import { createProfilePropagation } from './propagate-profile.ts';
import { setMember } from './set-member.ts';
import { bequeathToSuccessor } from './succession.ts';
import { type UpgradeRequest, upgradeRoom } from './upgrade/upgrade-room.ts';

/** Servers that may be in a room that this server is not in. */
export interface Ways {
  readonly via?: readonly string[];
}

export const createMembership = (deps: MembershipDeps) => {
  const notices = createServerNotices(deps);
  return {
    /** As createRoom in creation/create-room.ts. */
    createRoom: (actor: Actor, request: CreationRequest): Promise<RoomRef> => createRoom(deps, actor, request),

    /** As upgradeRoom in upgrade/upgrade-room.ts. */
    upgradeRoom: (actor: Actor, roomId: RoomId, request: UpgradeRequest): Promise<RoomRef> =>
      upgradeRoom(deps, actor, roomId, request),

    /**
     * `content`: what the client adds to the member event; `via`: servers that may be in the room. Does nothing for members.
     * As joinRoom in join-room.ts.
     */
    async join(actor: Actor, roomId: RoomId, content: JsonObject, { via = [] }: Ways = {}): Promise<void> {
      await joinRoom(deps, actor, roomId, { content, via });
    },

    /** As knockOnRoom in knock-on-room.ts. */
    async knock(actor: Actor, roomId: RoomId, content: JsonObject, { via = [] }: Ways = {}): Promise<void> {
      await knockOnRoom(deps, actor, roomId, content, via);
    },

    /** As leaveRoom in leave-room.ts; also throws M_CANNOT_LEAVE_SERVER_NOTICE_ROOM. */
    async leave(actor: Actor, roomId: RoomId, reason: string | undefined): Promise<void> {
      await notices.checkMayLeave(actor, roomId);
      await leaveRoom(deps, actor.userId, roomId, reason);
    },

    forget: (actor: Actor, roomId: RoomId): Promise<void> => forgetRoom(deps, actor, roomId),

    /** As inviteUser in invite-user.ts. */
    async invite(actor: Actor, roomId: RoomId, target: UserId, content: JsonObject): Promise<void> {
      await inviteUser(deps, actor, { roomId, target, content });
    },

    async kick(actor: Actor, roomId: RoomId, target: UserId, reason: string | undefined): Promise<void> {
      await kick(deps, actor, roomId, target, reason);
    },

    async ban(actor: Actor, roomId: RoomId, target: UserId, reason: string | undefined): Promise<void> {
      await ban(deps, actor, roomId, target, reason);
    },

    async unban(actor: Actor, roomId: RoomId, target: UserId, reason: string | undefined): Promise<void> {
      await unban(deps, actor, roomId, target, reason);
    },

    /** As setMember in set-member.ts; also throws M_CANNOT_LEAVE_SERVER_NOTICE_ROOM. */
    async setMember(actor: Actor, request: MemberRequest): Promise<{ readonly eventId: EventId }> {
      const leaves = request.target === actor.userId && request.content.membership === 'leave';
      if (leaves) await notices.checkMayLeave(actor, request.roomId);
      return setMember(deps, actor, request);
    },

    /** What follows from a state event that was sent: guests who are not admitted any more, settings of a replaced room. */
    async stateChanged(roomId: RoomId, type: string, stateKey: string, content: JsonObject): Promise<void> {
      if (stateKey !== '') return;
      if (type === 'm.room.guest_access') await sendGuestsAway(deps, await deps.rooms.require(roomId));
      const { replacement_room: successor } = content;
      if (type === 'm.room.tombstone' && typeof successor === 'string' && isRoomId(successor)) {
        await bequeathToSuccessor(deps, await deps.rooms.require(roomId), successor);
      }
    },

    ...createProfilePropagation(deps),

    leaveEverything: (user: number, userId: UserId): Promise<void> => leaveEverything(deps, user, userId),

    /** What the server's operators tell users. */
    notices,
  };
};

export type Membership = ReturnType<typeof createMembership>;
