// A local user joins a room through another server. Server-Server API, "Joining Rooms".

import { isJsonObject, type Json, type JsonObject } from '../../../protocol/events/json.ts';
import type { RoomId, ServerName, UserId } from '../../../protocol/ids/branded.ts';
import { isServerName } from '../../../protocol/ids/server-name.ts';
import type { RoomVersion } from '../../../protocol/room-versions/room-version.ts';
import type { IncomingEvent, JoinedRoom } from '../../../rooms/receive/incoming.ts';
import { wasEntered } from '../../../storage/stores/entered-rooms.ts';
import { blaming, type Candidates, firstToHelp, malformed } from '../candidates.ts';
import type { HandshakeDeps } from '../deps.ts';
import { fetchMember, type OwnMember } from '../member-template.ts';
import { type SendMemberOptions, sendMember } from '../send-member.ts';

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
    const room = await joinThrough(deps, server, join, { omitsMembers });
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
  const { members_omitted: isPartial = false, state, auth_chain: authChain } = answer;
  if (isPartial === true && !omitsMembers) throw malformed(server, 'it left out the members unasked');
  const event = await joinOf(deps, server, own, answer.event);
  const room = { roomId: join.roomId, version: own.version };
  const [stateEvents, authEvents] = await verifiedState(deps, server, room, {
    state: listIn(server, 'state', state),
    authChain: listIn(server, 'auth_chain', authChain),
  });
  checkCreate(server, room, stateEvents);
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

const listIn = (server: ServerName, key: string, value: Json | undefined): Json[] => {
  if (!Array.isArray(value)) throw malformed(server, `its answer has no list of ${key}`);
  return value;
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

interface ToldState {
  readonly state: readonly Json[];
  readonly authChain: readonly Json[];
}

/** Each event once: what stands in the state is left out of the auth chain. Events that cannot be verified are left out. */
const verifiedState = async (
  deps: HandshakeDeps,
  server: ServerName,
  { roomId, version }: { readonly roomId: RoomId; readonly version: RoomVersion },
  { state, authChain }: ToldState,
): Promise<[IncomingEvent[], IncomingEvent[]]> => {
  const verified = await deps.verify.verifyPdus([...state, ...authChain], version, server, { limitReferences: false });
  const seen = new Set<string>();
  const kept = (from: number, to: number): IncomingEvent[] => {
    const events: IncomingEvent[] = [];
    for (const result of verified.slice(from, to)) {
      if (!result.ok) {
        deps.log.info({ server, roomId, ...result }, 'An event of the room that is joined is dropped.');
        continue;
      }
      const { event } = result.event;
      if (seen.has(event.eventId) || event.roomId !== roomId || event.stateKey === undefined) continue;
      seen.add(event.eventId);
      events.push(result.event);
    }
    return events;
  };
  return [kept(0, state.length), kept(state.length, verified.length)];
};

const checkCreate = (
  server: ServerName,
  { version }: { readonly version: RoomVersion },
  state: readonly IncomingEvent[],
): void => {
  const creates = state.filter(({ event }) => event.type === 'm.room.create' && event.stateKey === '');
  const [create] = creates;
  if (!create || creates.length > 1) throw malformed(server, 'the state that it sent has not one m.room.create');
  const { room_version: versionId = '1' } = create.event.content;
  if (versionId !== version.id) throw malformed(server, 'the room has another version than its template');
};
