// GET /_matrix/federation/v1/state/{roomId}: the state before an event.

import type { Federation } from '../../../federation/federation.ts';
import { endpoint, jsonText } from '../../../http/inbound/endpoint.ts';
import { eventIdParam, roomIdParam } from '../../../http/inbound/params.ts';
import { objectOfArrays } from '../pdu-texts.ts';

export const getFederationState = endpoint({
  route: 'GET /_matrix/federation/v1/state/{roomId}',
  spec: 'server-server-api/#get_matrixfederationv1stateroomid',
  auth: 'server',
  limit: 'read',
  params: { roomId: roomIdParam },
  query: { event_id: eventIdParam },
  async handle({ caller, params, query }, { federation }: { federation: Pick<Federation, 'serving'> }) {
    const { state, authChain } = await federation.serving.state(caller.serverName, params.roomId, query.event_id);
    return jsonText(objectOfArrays({ auth_chain: authChain, pdus: state }));
  },
});
