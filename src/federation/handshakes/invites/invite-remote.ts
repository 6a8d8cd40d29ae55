// A member of a room here invites a user of another server, which signs the invite before the room hears of it.
// Server-Server API, "Inviting to a room".

import { isGoodAt } from '../../../peers/keys/verify-key.ts';
import { PeerError } from '../../../peers/peer-error.ts';
import { parseJsonLossless } from '../../../protocol/canonical-json/parse-json.ts';
import { forbidden } from '../../../protocol/errors/matrix-error.ts';
import { isJsonObject, type JsonObject } from '../../../protocol/events/json.ts';
import { parsePdu } from '../../../protocol/events/parse-pdu.ts';
import type { EventId, RoomId, ServerName, UserId } from '../../../protocol/ids/branded.ts';
import { serverOf } from '../../../protocol/ids/id-parts.ts';
import { POLICY_KEY_ID } from '../../../protocol/policy-servers/policy-server.ts';
import { signaturesOf, withSignature } from '../../../protocol/signing/signatures.ts';
import { verifyTextAsync } from '../../../protocol/signing/verify-text.ts';
import { statePdus } from '../../../rooms/read/state-pdus.ts';
import { strippedPairs } from '../../../rooms/read/stripped-state.ts';
import type { UnsentEvent } from '../../../rooms/send/template-event.ts';
import { peerFailure } from '../../peer-failure.ts';
import { malformed } from '../candidates.ts';
import type { HandshakeDeps } from '../deps.ts';
import { pathOf } from '../member-template.ts';
import { secondOf } from '../send-member.ts';

const TIMEOUT_MS = 30_000;
const KEY_TIMEOUT_MS = 15_000;
const ANSWER_SIZE_BYTES_MAX = 200_000;

export interface RemoteInvite {
  readonly roomId: RoomId;
  readonly sender: UserId;
  readonly target: UserId;
  /** Of the member event, without the membership. */
  readonly content: JsonObject;
  readonly originServerTs?: number | undefined;
}

/**
 * The id of the invite once it is in the room. Throws M_FORBIDDEN with the rule, M_NOT_FOUND, and what peerFailure makes of
 * the other server's error.
 */
export const inviteRemote = async (deps: HandshakeDeps, invite: RemoteInvite): Promise<EventId> => {
  const { roomId, sender, target, content, originServerTs } = invite;
  const server = serverOf(target);
  const room = await deps.rooms.view(roomId);
  // "m.federate: Whether users on other servers can join this room." The rules would let the invite pass.
  if ((await room.get('m.room.create'))?.content['m.federate'] === false) {
    throw forbidden('This room is for users of one server alone.');
  }
  const unsent = await deps.rooms.buildUnsent(roomId, {
    type: 'm.room.member',
    stateKey: target,
    sender,
    content: { ...content, membership: 'invite' },
    originServerTs,
  });
  const told = await statePdus(deps, room, [...strippedPairs, ['m.room.member', sender]]);
  const signed = await askForSignature(deps, server, unsent, told).catch((error: unknown) => {
    if (error instanceof PeerError) throw peerFailure(`${target} could not be invited`, [error]);
    throw error;
  });
  const event = { ...parsePdu(signed, unsent.version), source: deps.serverName };
  const [fate] = await deps.rooms.receive.accept(roomId, [event], { as: 'new', onMissing: 'wait' });
  if (fate?.fate === 'accepted' || fate?.fate === 'known') return event.event.eventId;
  const why = fate && 'failed' in fate ? ` Rule ${fate.failed.rule}: ${fate.failed.sentence}` : '';
  throw forbidden(`The room changed while ${server} was asked, and does not allow this any more.${why}`);
};

/** The invite with the other server's signature: nothing else is taken from its answer. Throws PeerError. */
const askForSignature = async (
  deps: HandshakeDeps,
  server: ServerName,
  unsent: UnsentEvent,
  told: readonly string[],
): Promise<JsonObject> => {
  const { event, version, pduJson } = unsent;
  const answer = await putInvite(deps, server, unsent, told);
  const pdu = parseJsonLossless(pduJson) as JsonObject;
  if (!isJsonObject(answer.event)) throw malformed(server, 'its answer has no event');
  const { signedText } = parsePdu(pdu, version);
  const signatures = signaturesOf(answer.event, server);
  const atTs = version.enforceKeyValidity ? event.originServerTs : 0;
  // The room's policy server may be the same server: that signature is here already, and its key is not published.
  const keyIds = [...signatures.keys()].filter((keyId) => keyId !== POLICY_KEY_ID);
  const wants = keyIds.slice(0, 4).map((keyId) => ({ server, keyId, atTs }));
  const find = await deps.peers.keysFor(wants, KEY_TIMEOUT_MS);
  for (const { keyId } of wants) {
    const key = find(server, keyId);
    const signature = signatures.get(keyId)!;
    if (!key || !isGoodAt(key, atTs) || !(await verifyTextAsync(signedText, signature, key.publicKey))) continue;
    return { ...pdu, signatures: withSignature(pdu, server, keyId, signature) };
  }
  throw malformed(server, 'it did not sign the invite');
};

const putInvite = async (
  deps: HandshakeDeps,
  server: ServerName,
  { event, version, pduJson }: UnsentEvent,
  told: readonly string[],
): Promise<JsonObject> => {
  const put = (api: 'v1' | 'v2', body: string) =>
    deps.peers.call({
      destination: server,
      method: 'PUT',
      path: `/_matrix/federation/${api}/invite/${pathOf(event.roomId, event.eventId)}`,
      body,
      timeoutMs: TIMEOUT_MS,
      responseSizeBytesMax: ANSWER_SIZE_BYTES_MAX,
      ignoresBackOff: true,
    });
  // Since v1.16 (MSC4311) whole events. In the order of canonical JSON.
  const state = `"invite_room_state":[${told.join(',')}]`;
  try {
    return (await put('v2', `{"event":${pduJson},${state},"room_version":"${version.id}"}`)).json();
  } catch (error) {
    // "Senders which receive a 400 or 404 response to this endpoint should retry using the v1 API … if the room version is 1 or 2."
    const isOld = error instanceof PeerError && (error.status === 400 || error.status === 404);
    if (!isOld || version.eventIdFormat !== 'chosen' || error.errcode === 'M_INVITE_BLOCKED') throw error;
    const body = `${pduJson.slice(0, -1)},"unsigned":{${state}}}`;
    return secondOf(server, (await put('v1', body)).text);
  }
};
