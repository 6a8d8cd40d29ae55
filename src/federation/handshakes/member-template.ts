// The first half of a handshake on the side of the user's server: a template is fetched, and the event made of it. Of the
// template only what this server cannot know is taken: references, depth, and who vouches for the join.
// Server-Server API, "Joining Rooms".

import { randomToken } from '../../lib/random.ts';
import { isJsonObject, type Json, type JsonObject } from '../../protocol/events/json.ts';
import { type ParsedPdu, parsePdu } from '../../protocol/events/parse-pdu.ts';
import type { RoomId, ServerName, UserId } from '../../protocol/ids/branded.ts';
import type { RoomVersion } from '../../protocol/room-versions/room-version.ts';
import { roomVersion, roomVersions } from '../../protocol/room-versions/room-versions.ts';
import { signEvent } from '../../protocol/signing/sign-event.ts';
import { blaming, malformed } from './candidates.ts';
import type { HandshakeDeps, HandshakeKind } from './deps.ts';

const TIMEOUT_MS = 20_000;
const TEMPLATE_SIZE_BYTES_MAX = 200_000;
/** "room_version: … Defaults to 1." */
const DEFAULT_VERSION = '1';

export interface MemberWanted {
  readonly kind: HandshakeKind;
  readonly roomId: RoomId;
  readonly userId: UserId;
  /** Of the member event, without the membership. */
  readonly content: JsonObject;
}

export interface OwnMember {
  readonly version: RoomVersion;
  readonly parsed: ParsedPdu;
}

export const pathOf = (...parts: readonly string[]): string => parts.map(encodeURIComponent).join('/');

/** The user's event, signed by this server. Throws PeerError. */
export const fetchMember = async (
  deps: HandshakeDeps,
  server: ServerName,
  { kind, roomId, userId, content }: MemberWanted,
): Promise<OwnMember> => {
  const answer = await deps.peers.call({
    destination: server,
    method: 'GET',
    path: `/_matrix/federation/v1/make_${kind}/${pathOf(roomId, userId)}`,
    ...(kind !== 'leave' && { query: { ver: Object.keys(roomVersions) } }),
    timeoutMs: TIMEOUT_MS,
    responseSizeBytesMax: TEMPLATE_SIZE_BYTES_MAX,
    ignoresBackOff: true,
  });
  const { room_version: versionId = DEFAULT_VERSION, event: template } = answer.json();
  const version = typeof versionId === 'string' ? roomVersion(versionId) : undefined;
  if (!version) throw malformed(server, 'the room has a version that this server does not know');
  if (!isJsonObject(template)) throw malformed(server, 'its answer has no event');
  checkTemplate(server, template, { kind, roomId, userId });
  const { join_authorised_via_users_server: authoriser } = template.content as JsonObject;
  const pdu: JsonObject = {
    ...(version.eventIdFormat === 'chosen' && { event_id: `$${randomToken(18)}:${deps.serverName}` }),
    type: 'm.room.member',
    room_id: roomId,
    sender: userId,
    state_key: userId,
    content: {
      ...content,
      ...(kind === 'join' && typeof authoriser === 'string' && { join_authorised_via_users_server: authoriser }),
      membership: kind,
    },
    origin_server_ts: deps.clock.now(),
    depth: required(server, template, 'depth'),
    prev_events: required(server, template, 'prev_events'),
    auth_events: required(server, template, 'auth_events'),
  };
  const signer = { name: deps.serverName, key: deps.identity.signingKey };
  return { version, parsed: await blaming(server, () => parsePdu(signEvent(pdu, version, signer), version)) };
};

const required = (server: ServerName, template: JsonObject, key: string): Json => {
  const value = template[key];
  if (value === undefined) throw malformed(server, `its template has no ${key}`);
  return value;
};

/** "In case any of the above checks fail, the response MUST be treated as malformed and discarded." */
const checkTemplate = (
  server: ServerName,
  template: JsonObject,
  { kind, roomId, userId }: Omit<MemberWanted, 'content'>,
): void => {
  const { room_id: room, sender, state_key: stateKey, type, content } = template;
  const isAsked = room === roomId && sender === userId && stateKey === userId && type === 'm.room.member';
  if (!isAsked || !isJsonObject(content) || content.membership !== kind) {
    throw malformed(server, `its template is not the ${kind} of ${userId} that it was asked for`);
  }
};
