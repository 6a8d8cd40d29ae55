// A user of this server is invited by another one. Server-Server API, "Inviting to a room".

import { forbidden, incompatibleRoomVersion, invalidParam } from '../../../protocol/errors/matrix-error.ts';
import { isJsonObject, type Json, type JsonObject } from '../../../protocol/events/json.ts';
import type { EventId, RoomId, ServerName, UserId } from '../../../protocol/ids/branded.ts';
import { serverOf } from '../../../protocol/ids/id-parts.ts';
import { isUserId } from '../../../protocol/ids/user-id.ts';
import type { RoomVersion } from '../../../protocol/room-versions/room-version.ts';
import { roomVersion } from '../../../protocol/room-versions/room-versions.ts';
import { mayTakePart } from '../../../protocol/server-acl/server-acl.ts';
import { addEventSignature } from '../../../protocol/signing/sign-event.ts';
import { checkLocalInvitee } from '../../../rooms/admission/local-invitee.ts';
import type { IncomingEvent } from '../../../rooms/receive/incoming.ts';
import { residencyOf } from '../../../storage/stores/out-of-band.ts';
import type { HandshakeDeps } from '../deps.ts';
import { keepOutOfBand } from '../out-of-band.ts';

export interface GivenInvite {
  readonly roomId: RoomId;
  readonly eventId: EventId;
  readonly version: string;
  /** A value of parseJsonLossless. */
  readonly wire: JsonObject;
  /** invite_room_state. */
  readonly told: readonly Json[];
}

/**
 * The invite with this server's signature. Throws M_INCOMPATIBLE_ROOM_VERSION, M_INVALID_PARAM, M_FORBIDDEN, and what
 * checkLocalInvitee throws.
 */
export const receiveInvite = async (
  deps: HandshakeDeps,
  origin: ServerName,
  given: GivenInvite,
): Promise<JsonObject> => {
  const version = roomVersion(given.version);
  if (!version) {
    throw incompatibleRoomVersion(`This server does not know room version ${given.version}.`, given.version);
  }
  const [verified] = await deps.verify.verifyPdus([given.wire], version, origin);
  if (!verified?.ok) throw invalidParam(`The invite cannot be verified: ${verified?.reason}.`);
  const { event: incoming } = verified;
  const target = checkInvite(deps, origin, given, incoming);
  const told = await checkTold(deps, origin, given, version);
  const isInRoom = await checkRoom(deps, origin, given.roomId);
  await checkLocalInvitee(deps, target);
  const signed = addEventSignature(incoming.pdu, version, { name: deps.serverName, key: deps.identity.signingKey });
  // "if the remote homeserver is already in the room, it will receive the invite event twice": it counts when the room takes it.
  if (isInRoom) return signed;
  const { exceptions } = await deps.notifications.judge(incoming.event, { ...nothingKnown, version });
  await keepOutOfBand(deps, incoming, version, { events: told, via: origin }, exceptions);
  return signed;
};

/** The room as push rules find it, where neither its members nor its power levels are here. */
const nothingKnown = { room: 0, powerLevels: undefined, create: undefined, sender: 0, stateRoot: '' };

/** "servers SHOULD return M_INVALID_PARAM if …" */
const checkInvite = (
  { serverName }: HandshakeDeps,
  origin: ServerName,
  { roomId, eventId }: GivenInvite,
  { event }: IncomingEvent,
): UserId => {
  const { stateKey } = event;
  if (event.roomId !== roomId) throw invalidParam('The invite is to another room.');
  if (event.eventId !== eventId) throw invalidParam(`The invite has another id: ${event.eventId}.`);
  if (event.type !== 'm.room.member') throw invalidParam('The event type is not m.room.member.');
  if (event.content.membership !== 'invite') throw invalidParam('The membership is not invite.');
  if (serverOf(event.sender) !== origin) throw invalidParam(`The sender is not a user of ${origin}.`);
  if (stateKey === undefined || !isUserId(stateKey) || serverOf(stateKey) !== serverName) {
    throw invalidParam('The state_key is not a user of this server.');
  }
  return stateKey;
};

/** Since v12 as the specification has it; before, "servers SHOULD warn … rather than error in room versions 1 through 11". */
const checkTold = async (
  deps: HandshakeDeps,
  origin: ServerName,
  { roomId, told }: GivenInvite,
  version: RoomVersion,
): Promise<readonly Json[]> => {
  if (!version.roomIdIsCreateHash) {
    const hasCreate = told.some((event) => isJsonObject(event) && event.type === 'm.room.create');
    if (!hasCreate) deps.log.warn({ origin, roomId }, 'An invite does not tell of m.room.create.');
    return told;
  }
  const verified = await deps.verify.verifyPdus(told, version, origin, { limitReferences: false });
  for (const result of verified) {
    if (!result.ok) throw invalidParam(`An event of invite_room_state is not valid: ${result.reason}.`);
    if (result.event.event.roomId !== roomId) throw invalidParam('An event of invite_room_state is of another room.');
  }
  if (!verified.some((result) => result.ok && result.event.event.type === 'm.room.create')) {
    throw invalidParam('m.room.create is missing from invite_room_state.');
  }
  return verified.flatMap((result) => (result.ok ? result.event.pdu : []));
};

/** Whether this server is in the room. Throws M_FORBIDDEN for servers that the room's ACL denies. */
const checkRoom = async ({ db, rooms }: HandshakeDeps, origin: ServerName, roomId: RoomId): Promise<boolean> => {
  const residency = await db.read((tx) => residencyOf(tx, roomId));
  if (!residency?.hasLocal || residency.residency === 0) return false;
  const acl = await (await rooms.view(roomId)).get('m.room.server_acl');
  if (!mayTakePart(acl?.content, origin)) throw forbidden(`The room's m.room.server_acl denies ${origin}.`);
  return true;
};
