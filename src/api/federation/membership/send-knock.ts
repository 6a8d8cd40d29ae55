// PUT /_matrix/federation/v1/send_knock: another server's user knocks.

import type { Federation } from '../../../federation/federation.ts';
import { endpoint, jsonText } from '../../../http/inbound/endpoint.ts';
import { eventIdParam, roomIdParam } from '../../../http/inbound/params.ts';
import { givenObject } from './given-object.ts';

export const sendKnock = endpoint({
  route: 'PUT /_matrix/federation/v1/send_knock/{roomId}/{eventId}',
  spec: 'server-server-api/#put_matrixfederationv1send_knockroomideventid',
  auth: 'server',
  limit: 'none',
  params: { roomId: roomIdParam, eventId: eventIdParam },
  body: 'object',
  async handle({ caller, params, bodyText }, { federation: { handshakes } }: { federation: Federation }) {
    const wire = givenObject(bodyText);
    const taken = await handshakes.resident.take(caller.serverName, { kind: 'knock', ...params, wire });
    return jsonText(await handshakes.resident.knockAnswer(taken));
  },
});
