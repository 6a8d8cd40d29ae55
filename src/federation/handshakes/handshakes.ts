// How users come into rooms and go out of them across servers: what this server asks of others for its users, and what it does
// for the users of others. Server-Server API, "Joining Rooms", "Knocking upon a room", "Inviting to a room", "Leaving Rooms".

import { keyedLock } from '../../lib/keyed-lock.ts';
import type { Json, JsonObject } from '../../protocol/events/json.ts';
import type { EventId, RoomId, ServerName, UserId } from '../../protocol/ids/branded.ts';
import { serverOf } from '../../protocol/ids/id-parts.ts';
import { joinedMembersAfter } from '../../storage/stores/memberships.ts';
import { findUser } from '../../storage/stores/names.ts';
import { forgetStrippedStates, lastSenderOf, outOfBandOf, residencyOf } from '../../storage/stores/out-of-band.ts';
import { createAuthChains } from '../serving/auth-chains.ts';
import { type Candidates, candidatesAmong } from './candidates.ts';
import type { HandshakeDeps } from './deps.ts';
import { exchangeThirdPartyInvite, type ThirdPartyInvite } from './invites/exchange-third-party-invite.ts';
import { inviteRemote, type RemoteInvite } from './invites/invite-remote.ts';
import { type GivenInvite, receiveInvite } from './invites/receive-invite.ts';
import { type BoundInvite, takeBoundInvites } from './invites/take-bound-invites.ts';
import { joinForAuthorisation } from './joining/join-for-authorisation.ts';
import { joinThroughOthers, type RemoteJoin } from './joining/join-room.ts';
import { knockThroughOthers } from './joining/knock-on-room.ts';
import { leaveThroughOthers, type RemoteLeave } from './joining/leave-room.ts';
import { joinAnswer } from './resident/join-answer.ts';
import { knockAnswer } from './resident/knock-answer.ts';
import { makeMember, type TemplateQuestion } from './resident/make-member.ts';
import { type GivenMember, type TakenMember, takeMember } from './resident/take-member.ts';
import { takeMembership } from './take-memberships.ts';

/** Members of a room that this server left or is in, whose servers may help. */
const MEMBERS_LOOKED_AT = 500;

export interface HandshakesDeps extends HandshakeDeps {
  /** The room was entered without its members. */
  readonly onPartialJoin: (roomId: RoomId) => void;
}

export const createHandshakes = (given: HandshakesDeps) => {
  const deps = { ...given, authChains: createAuthChains(given) };
  const { db, serverName } = deps;
  const entering = keyedLock<RoomId>();

  const outOfBand = (userId: UserId, roomId: RoomId) =>
    db.read(async (tx) => {
      const user = await findUser(tx, userId);
      return user === undefined ? undefined : outOfBandOf(tx, user, roomId);
    });

  /** Whether what is done in the room can be done here: a user of this server is in it, or nobody of any other is. */
  const isHere = async (roomId: RoomId): Promise<boolean> => {
    const residency = await db.read((tx) => residencyOf(tx, roomId));
    if (!residency || residency.residency === 0) return false;
    // Of a room in part it is not known whether nobody else is there.
    return residency.hasLocal || (residency.residency === 1 && !residency.hasRemote);
  };

  /** Servers that may be in the room, the most promising first. */
  const serversFor = async (roomId: RoomId, userId: UserId, via: readonly string[]): Promise<Candidates> => {
    const [known, inviter] = await db.read(async (tx) => {
      const user = await findUser(tx, userId);
      if (user === undefined) return [];
      return [await outOfBandOf(tx, user, roomId), await lastSenderOf(tx, user, roomId)];
    });
    const residency = await db.read((tx) => residencyOf(tx, roomId));
    const members = residency
      ? await db.read((tx) => joinedMembersAfter(tx, residency.nid, undefined, MEMBERS_LOOKED_AT))
      : [];
    const seen = members.map(({ userId: member }) => serverOf(member));
    // Since v12 room ids name no server.
    return candidatesAmong(deps, [...via, known?.via, inviter && serverOf(inviter)], [serverOf(roomId), ...seen]);
  };

  return {
    isHere,

    /** Whether users of other servers are in a room that this server is in. */
    hasOthers: async (roomId: RoomId): Promise<boolean> =>
      (await db.read((tx) => residencyOf(tx, roomId)))?.hasRemote === true,

    /** Whether the configuration lets this server talk with that one. */
    reaches: (server: ServerName): boolean => server !== serverName && deps.peers.isAllowed(server),

    /** The invite or the knock of a local user in a room that this server is not in. */
    outOfBand,

    /**
     * Joins a room that this server is not in, through the servers of `via` and those that it knows of. Resolves once the room
     * is here, `false` when it was already when its turn came: then nothing was done. Throws what peerFailure makes of
     * the servers' errors.
     */
    join: (join: RemoteJoin, via: readonly string[]): Promise<boolean> =>
      entering.run(join.roomId, async () => {
        if (await isHere(join.roomId)) return false;
        const joined = await joinThroughOthers(deps, join, await serversFor(join.roomId, join.userId, via));
        if (joined.isPartial) deps.onPartialJoin(join.roomId);
        const residency = await db.read((tx) => residencyOf(tx, join.roomId));
        if (residency) await db.write(forgetStrippedStates, residency.nid);
        return true;
      }),

    /** Joins a restricted room that this server is in, but where only a user of another server can let others in. */
    joinForAuthorisation: async (join: RemoteJoin, via: readonly string[]): Promise<void> =>
      joinForAuthorisation(deps, join, await serversFor(join.roomId, join.userId, via)),

    knock: async (knock: RemoteJoin, via: readonly string[]): Promise<void> =>
      knockThroughOthers(deps, knock, await serversFor(knock.roomId, knock.userId, via)),

    /** Declines an invite, or takes back a knock, that is out of band; `false`: there is none. */
    async leave(leave: RemoteLeave): Promise<boolean> {
      const membership = await outOfBand(leave.userId, leave.roomId);
      if (!membership) return false;
      await leaveThroughOthers(deps, leave, membership, await serversFor(leave.roomId, leave.userId, []));
      return true;
    },

    /** As inviteRemote in invites/invite-remote.ts. */
    invite: (invite: RemoteInvite): Promise<EventId> => inviteRemote(deps, invite),

    /** As takeBoundInvites in invites/take-bound-invites.ts. */
    takeBoundInvites: (target: UserId, invites: readonly BoundInvite[]): Promise<void> =>
      takeBoundInvites(deps, target, invites),

    /** What other servers ask for their users. */
    resident: {
      make: (origin: ServerName, question: TemplateQuestion) => makeMember(deps, origin, question),
      take: (origin: ServerName, member: GivenMember): Promise<TakenMember> => takeMember(deps, origin, member),
      joinAnswer: (taken: TakenMember, omitsMembers: boolean): AsyncIterable<string> =>
        joinAnswer(deps, taken, omitsMembers),
      knockAnswer: (taken: TakenMember): Promise<string> => knockAnswer(deps, taken),
      receiveInvite: (origin: ServerName, invite: GivenInvite): Promise<JsonObject> =>
        receiveInvite(deps, origin, invite),
      exchangeThirdPartyInvite: (origin: ServerName, invite: ThirdPartyInvite): Promise<void> =>
        exchangeThirdPartyInvite(deps, origin, invite),
      /** As takeMembership in take-memberships.ts: for PDUs of rooms that this server is not in. */
      takeMembership: (origin: ServerName, wire: Json): Promise<boolean> => takeMembership(deps, origin, wire),
    },
  };
};

export type Handshakes = ReturnType<typeof createHandshakes>;
