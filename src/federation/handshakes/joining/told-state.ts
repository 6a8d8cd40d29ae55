// The state of a room that is joined, as the server that was asked tells it: what of it can be verified, and whether it is a
// room's at all. Server-Server API, "PUT /_matrix/federation/v2/send_join".

import type { PeerError } from '../../../peers/peer-error.ts';
import { isJsonObject, type Json, type JsonObject } from '../../../protocol/events/json.ts';
import type { RoomId, ServerName } from '../../../protocol/ids/branded.ts';
import { serverOf } from '../../../protocol/ids/id-parts.ts';
import { isUserId } from '../../../protocol/ids/user-id.ts';
import type { RoomVersion } from '../../../protocol/room-versions/room-version.ts';
import { signaturesOf } from '../../../protocol/signing/signatures.ts';
import type { IncomingEvent } from '../../../rooms/receive/incoming.ts';
import type { Verified } from '../../verify/verify-pdus.ts';
import { malformed } from '../candidates.ts';
import type { HandshakeDeps } from '../deps.ts';

interface Room {
  readonly roomId: RoomId;
  readonly version: RoomVersion;
}

interface ToldState {
  readonly state: readonly Json[];
  readonly authChain: readonly Json[];
}

/**
 * State and auth chain, each event once: what stands in the state is left out of the auth chain. Events that cannot be verified
 * are left out. Throws PeerError unless the state has the m.room.create of such a room.
 */
export const verifiedState = async (
  deps: HandshakeDeps,
  server: ServerName,
  room: Room,
  { state, authChain }: ToldState,
): Promise<[IncomingEvent[], IncomingEvent[]]> => {
  const { roomId, version } = room;
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
  const events = kept(0, state.length);
  const creates = events.filter(({ event }) => event.type === 'm.room.create' && event.stateKey === '');
  const [create] = creates;
  if (!create) throw withoutCreate(deps, server, state, verified);
  if (creates.length > 1) throw malformed(server, 'the state that it sent has more than one m.room.create');
  const { room_version: versionId = '1' } = create.event.content;
  if (versionId !== version.id) throw malformed(server, 'the room has another version than its template');
  return [events, kept(state.length, verified.length)];
};

const isCreate = (wire: Json): wire is JsonObject =>
  isJsonObject(wire) && wire.type === 'm.room.create' && wire.state_key === '';

/** The server may have told it, and this one could not verify it. */
const withoutCreate = (
  deps: HandshakeDeps,
  server: ServerName,
  state: readonly Json[],
  verified: readonly Verified[],
): PeerError => {
  const at = state.findIndex(isCreate);
  const wire = state[at];
  const result = verified[at];
  if (!isJsonObject(wire) || !result) return malformed(server, 'the state that it sent has no m.room.create');
  if (result.ok) return malformed(server, 'the m.room.create that it sent is of another room');
  const reason = missingKeys(deps, wire) ?? result.reason;
  return malformed(server, `the m.room.create that it sent cannot be verified: ${reason}`);
};

/** undefined: it is not for want of keys. */
const missingKeys = ({ peers }: HandshakeDeps, wire: JsonObject): string | undefined => {
  const { sender } = wire;
  if (typeof sender !== 'string' || !isUserId(sender, 'historical')) return undefined;
  const signer = serverOf(sender);
  const keyIds = [...signaturesOf(wire, signer).keys()];
  if (keyIds.length === 0 || keyIds.some((keyId) => peers.findKey(signer, keyId))) return undefined;
  const trouble = peers.keyTroubleOf(signer);
  const why = trouble === undefined ? 'nobody who was asked has it' : `${signer} could not be asked: ${trouble}`;
  return `the key ${keyIds.slice(0, 2).join(', ')} of ${signer} is missing (${why})`;
};
