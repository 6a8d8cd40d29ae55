// GET /_matrix/federation/v1/timestamp_to_event/{roomId}: the event nearest to a moment.

import type { Federation } from '../../../federation/federation.ts';
import { endpoint } from '../../../http/inbound/endpoint.ts';
import { enumOf, int, roomIdParam } from '../../../http/inbound/params.ts';

/** Forwards or backwards. */
const direction = enumOf('f', 'b');

export const getFederationEventNearTime = endpoint({
  route: 'GET /_matrix/federation/v1/timestamp_to_event/{roomId}',
  also: ['GET /_matrix/federation/unstable/org.matrix.msc3030/timestamp_to_event/{roomId}'],
  spec: 'server-server-api/#get_matrixfederationv1timestamp_to_eventroomid',
  auth: 'server',
  limit: 'read',
  params: { roomId: roomIdParam },
  query: { ts: int(), dir: direction },
  async handle({ caller, params, query }, { federation }: { federation: Pick<Federation, 'serving'> }) {
    const question = { timestamp: query.ts, forwards: query.dir === 'f' };
    return federation.serving.eventNearTime(caller.serverName, params.roomId, question);
  },
});
