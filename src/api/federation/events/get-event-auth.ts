// GET /_matrix/federation/v1/event_auth/{roomId}/{eventId}: the auth chain of an event.

import type { Federation } from '../../../federation/federation.ts';
import { endpoint, jsonText } from '../../../http/inbound/endpoint.ts';
import { eventIdParam, roomIdParam } from '../../../http/inbound/params.ts';
import { objectOfArrays } from '../pdu-texts.ts';

export const getEventAuth = endpoint({
  route: 'GET /_matrix/federation/v1/event_auth/{roomId}/{eventId}',
  spec: 'server-server-api/#get_matrixfederationv1event_authroomideventid',
  auth: 'server',
  limit: 'read',
  params: { roomId: roomIdParam, eventId: eventIdParam },
  async handle({ caller, params }, { federation }: { federation: Pick<Federation, 'serving'> }) {
    const chain = await federation.serving.eventAuth(caller.serverName, params.roomId, params.eventId);
    return jsonText(objectOfArrays({ auth_chain: chain }));
  },
});
