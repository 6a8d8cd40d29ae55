// GET /_matrix/federation/v1/state_ids/{roomId}: the state before an event, by ids.

import type { Federation } from '../../../federation/federation.ts';
import { endpoint, jsonText } from '../../../http/inbound/endpoint.ts';
import { eventIdParam, roomIdParam } from '../../../http/inbound/params.ts';
import { objectOfArrays } from '../pdu-texts.ts';

export const getStateIds = endpoint({
  route: 'GET /_matrix/federation/v1/state_ids/{roomId}',
  spec: 'server-server-api/#get_matrixfederationv1state_idsroomid',
  auth: 'server',
  limit: 'read',
  params: { roomId: roomIdParam },
  query: { event_id: eventIdParam },
  async handle({ caller, params, query }, { federation }: { federation: Pick<Federation, 'serving'> }) {
    const { state, authChain } = await federation.serving.stateIds(caller.serverName, params.roomId, query.event_id);
    return jsonText(objectOfArrays({ auth_chain_ids: authChain, pdu_ids: state }));
  },
});
