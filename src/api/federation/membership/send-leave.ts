// PUT /_matrix/federation/v2/send_leave: another server's user declines an invite, or takes back a knock.

import type { Federation } from '../../../federation/federation.ts';
import { endpoint, jsonText } from '../../../http/inbound/endpoint.ts';
import { eventIdParam, roomIdParam } from '../../../http/inbound/params.ts';
import { givenObject } from './given-object.ts';

const params = { roomId: roomIdParam, eventId: eventIdParam };

interface Parts {
  readonly federation: Federation;
}

export const sendLeave = endpoint({
  route: 'PUT /_matrix/federation/v2/send_leave/{roomId}/{eventId}',
  spec: 'server-server-api/#put_matrixfederationv2send_leaveroomideventid',
  auth: 'server',
  limit: 'none',
  params,
  body: 'object',
  async handle({ caller, params: given, bodyText }, { federation: { handshakes } }: Parts) {
    await handshakes.resident.take(caller.serverName, { kind: 'leave', ...given, wire: givenObject(bodyText) });
    return {};
  },
});

/** Older servers, before the second version. */
export const sendLeaveOld = endpoint({
  route: 'PUT /_matrix/federation/v1/send_leave/{roomId}/{eventId}',
  spec: 'server-server-api/#put_matrixfederationv1send_leaveroomideventid',
  auth: 'server',
  limit: 'none',
  params,
  body: 'object',
  async handle({ caller, params: given, bodyText }, { federation: { handshakes } }: Parts) {
    await handshakes.resident.take(caller.serverName, { kind: 'leave', ...given, wire: givenObject(bodyText) });
    return jsonText('[200,{}]');
  },
});
