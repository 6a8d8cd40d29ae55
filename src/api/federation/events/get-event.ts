// GET /_matrix/federation/v1/event/{eventId}: one event.

import type { Federation } from '../../../federation/federation.ts';
import { endpoint } from '../../../http/inbound/endpoint.ts';
import { eventIdParam } from '../../../http/inbound/params.ts';
import { type TransactionParts, transaction } from '../pdu-texts.ts';

export const getFederationEvent = endpoint({
  route: 'GET /_matrix/federation/v1/event/{eventId}',
  spec: 'server-server-api/#get_matrixfederationv1eventeventid',
  auth: 'server',
  // Asked for one by one by servers that miss many.
  limit: 'none',
  params: { eventId: eventIdParam },
  async handle({ caller, params }, parts: TransactionParts & { federation: Pick<Federation, 'serving'> }) {
    return transaction([await parts.federation.serving.event(caller.serverName, params.eventId)], parts);
  },
});
