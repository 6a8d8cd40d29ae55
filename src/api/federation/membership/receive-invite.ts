// PUT /_matrix/federation/v2/invite: a user of this server is invited by another one. The answer is the signed invite.

import type { Federation } from '../../../federation/federation.ts';
import { endpoint, jsonText } from '../../../http/inbound/endpoint.ts';
import { eventIdParam, roomIdParam } from '../../../http/inbound/params.ts';
import { canonicalJson } from '../../../protocol/canonical-json/canonical-json.ts';
import { badJson, missingParam } from '../../../protocol/errors/matrix-error.ts';
import { isJsonObject, type Json } from '../../../protocol/events/json.ts';
import { givenObject } from './given-object.ts';

const params = { roomId: roomIdParam, eventId: eventIdParam };
/** More than any server tells of a room. */
const TOLD_MAX = 200;

interface Parts {
  readonly federation: Federation;
}

const listOf = (value: Json | undefined): Json[] => {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw badJson('invite_room_state must be a list.');
  return value.slice(0, TOLD_MAX);
};

export const receiveInvite = endpoint({
  route: 'PUT /_matrix/federation/v2/invite/{roomId}/{eventId}',
  spec: 'server-server-api/#put_matrixfederationv2inviteroomideventid',
  auth: 'server',
  limit: 'none',
  params,
  body: 'object',
  async handle({ caller, params: given, bodyText }, { federation: { handshakes } }: Parts) {
    const { room_version: version, event: wire, invite_room_state: state } = givenObject(bodyText);
    if (typeof version !== 'string') throw missingParam('Missing from the body: room_version.');
    if (!isJsonObject(wire)) throw missingParam('Missing from the body: event.');
    const invite = { ...given, version, wire, told: listOf(state) };
    const signed = await handshakes.resident.receiveInvite(caller.serverName, invite);
    return jsonText(`{"event":${canonicalJson(signed, 'lossless')}}`);
  },
});

/** Rooms of versions 1 and 2: the body is the event, the room's state in its `unsigned`. */
export const receiveInviteOld = endpoint({
  route: 'PUT /_matrix/federation/v1/invite/{roomId}/{eventId}',
  spec: 'server-server-api/#put_matrixfederationv1inviteroomideventid',
  auth: 'server',
  limit: 'none',
  params,
  body: 'object',
  async handle({ caller, params: given, bodyText }, { federation: { handshakes } }: Parts) {
    const wire = givenObject(bodyText);
    const { unsigned } = wire;
    const told = listOf(isJsonObject(unsigned) ? unsigned.invite_room_state : undefined);
    const signed = await handshakes.resident.receiveInvite(caller.serverName, { ...given, version: '1', wire, told });
    return jsonText(`[200,{"event":${canonicalJson(signed, 'lossless')}}]`);
  },
});
