// GET /_matrix/federation/v1/state/{roomId} and /state_ids/{roomId}: the state before an event, as PDUs or by ids.

import type { Federation } from '../../../federation/federation.ts';
import { endpoint, jsonText } from '../../../http/inbound/endpoint.ts';
import { eventIdParam, roomIdParam } from '../../../http/inbound/params.ts';
import { objectOfArrays } from '../pdu-texts.ts';

interface Form {
  readonly path: 'state' | 'state_ids';
  readonly ask: 'state' | 'stateIds';
  /** Names of the answer's lists. */
  readonly stateKey: string;
  readonly authChainKey: string;
}

const stateEndpoint = ({ path, ask, stateKey, authChainKey }: Form) =>
  endpoint({
    route: `GET /_matrix/federation/v1/${path}/{roomId}`,
    spec: `server-server-api/#get_matrixfederationv1${path}roomid`,
    auth: 'server',
    limit: 'read',
    params: { roomId: roomIdParam },
    query: { event_id: eventIdParam },
    async handle({ caller, params, query }, { federation }: { federation: Pick<Federation, 'serving'> }) {
      const { state, authChain } = await federation.serving[ask](caller.serverName, params.roomId, query.event_id);
      return jsonText(objectOfArrays({ [authChainKey]: authChain, [stateKey]: state }));
    },
  });

export const getFederationState = stateEndpoint({
  path: 'state',
  ask: 'state',
  stateKey: 'pdus',
  authChainKey: 'auth_chain',
});

export const getStateIds = stateEndpoint({
  path: 'state_ids',
  ask: 'stateIds',
  stateKey: 'pdu_ids',
  authChainKey: 'auth_chain_ids',
});
