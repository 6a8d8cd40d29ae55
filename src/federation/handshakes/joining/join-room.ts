// A local user joins a room through another server. Server-Server API, "Joining Rooms".

import { isJsonObject, type Json, type JsonObject } from '../../../protocol/events/json.ts';
import type { RoomId, ServerName, UserId } from '../../../protocol/ids/branded.ts';
import { isServerName } from '../../../protocol/ids/server-name.ts';
import type { IncomingEvent, JoinedRoom } from '../../../rooms/receive/incoming.ts';
import { wasEntered } from '../../../storage/stores/entered-rooms.ts';
import { listIn } from '../../fetch/read-lists.ts';
import { blaming, type Candidates, firstToHelp, malformed } from '../candidates.ts';
import type { HandshakeDeps } from '../deps.ts';
import { fetchMember, type OwnMember } from '../member-template.ts';
import { type SendMemberOptions, sendMember } from '../send-member.ts';
import { withPolicySignature } from './policy-signature.ts';
import { verifiedState } from './told-state.ts';

/** Of servers in a room, as another server tells them. */
const SERVERS_MAX = 50_000;

export interface RemoteJoin {
  readonly roomId: RoomId;
  readonly userId: UserId;
  /** Of the member event, without the membership. */
  readonly content: JsonObject;
}

/** Resolves once the room is here. Throws what peerFailure makes of the servers' errors. */
export const joinThroughOthers = (deps: HandshakeDeps, join: RemoteJoin, candidates: Candidates): Promise<JoinedRoom> =>
  firstToHelp(deps, `The room ${join.roomId} could not be joined`, candidates, async (server) => {
    // What this server knew of the room when it left would count as well, and that is whole.
    const omitsMembers = !(await deps.db.read((tx) => wasEntered(tx, join.roomId)));
    const room = await withPolicySignature(deps, await joinThrough(deps, server, join, { omitsMembers }));
    // What a server tells of a room may break the room's own rules; another may tell better.
    await blaming(server, () => deps.rooms.receive.enterRoom(room));
    return room;
  });

/** The room as the server tells it, every event verified. Throws PeerError. */
export const joinThrough = async (
  deps: HandshakeDeps,
  server: ServerName,
  join: RemoteJoin,
  { omitsMembers = false }: SendMemberOptions = {},
): Promise<JoinedRoom> => {
  const own = await fetchMember(deps, server, { kind: 'join', ...join });
  const answer = await sendMember(deps, server, 'join', own.parsed, { omitsMembers });
  const { members_omitted: isPartial = false } = answer;
  if (isPartial === true && !omitsMembers) throw malformed(server, 'it left out the members unasked');
  const event = await joinOf(deps, server, own, answer.event);
  const room = { roomId: join.roomId, version: own.version };
  const [stateEvents, authEvents] = await verifiedState(deps, server, room, {
    state: listIn(server, answer, 'state'),
    authChain: listIn(server, answer, 'auth_chain'),
  });
  return {
    ...room,
    join: event,
    state: stateEvents,
    authChain: authEvents,
    isPartial: isPartial === true,
    ...(isPartial === true && { servers: serversIn(server, answer.servers_in_room) }),
  };
};

/** "servers_in_room: … Required if members_omitted is true." */
const serversIn = (server: ServerName, told: Json | undefined): ServerName[] => {
  if (!Array.isArray(told) || told.length > SERVERS_MAX) throw malformed(server, 'it does not tell who is in the room');
  const servers = told.filter((name): name is ServerName => typeof name === 'string' && isServerName(name));
  return [...new Set([server, ...servers])];
};

/** The join as the server took it: ours, and where a user of its vouches for it, with its signature. */
const joinOf = async (
  deps: HandshakeDeps,
  server: ServerName,
  { version, parsed }: OwnMember,
  returned: Json | undefined,
): Promise<IncomingEvent> => {
  // "event: … Required if the room is restricted"
  const wire = isJsonObject(returned) ? returned : parsed.pdu;
  const [verified] = await deps.verify.verifyPdus([wire], version, server);
  if (!verified?.ok) throw malformed(server, `the join that it returned is not valid: ${verified?.reason}`);
  const { event } = verified;
  const isOurs = event.hashedText === parsed.hashedText && event.event.eventId === parsed.event.eventId;
  if (!isOurs) throw malformed(server, 'it returned another join than it was given');
  return event;
};
