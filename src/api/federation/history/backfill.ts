// GET /_matrix/federation/v1/backfill/{roomId}: some events and what precedes them.

import type { Federation } from '../../../federation/federation.ts';
import { HISTORY_MAX } from '../../../federation/serving/history.ts';
import { endpoint } from '../../../http/inbound/endpoint.ts';
import { int, roomIdParam, texts } from '../../../http/inbound/params.ts';
import { invalidParam, missingParam } from '../../../protocol/errors/matrix-error.ts';
import { isEventId } from '../../../protocol/ids/event-id.ts';
import { type TransactionParts, transaction } from '../pdu-texts.ts';

export const backfill = endpoint({
  route: 'GET /_matrix/federation/v1/backfill/{roomId}',
  spec: 'server-server-api/#get_matrixfederationv1backfillroomid',
  auth: 'server',
  limit: 'read',
  params: { roomId: roomIdParam },
  query: { v: texts, limit: int({ min: 1, max: HISTORY_MAX, clamp: true }) },
  async handle(
    { caller, params, query: { v, limit } },
    parts: TransactionParts & { federation: Pick<Federation, 'serving'> },
  ) {
    if (v.length === 0) throw missingParam('Missing parameter: v.');
    if (!v.every(isEventId)) throw invalidParam('v is not an event ID.');
    return transaction(await parts.federation.serving.backfill(caller.serverName, params.roomId, v, limit), parts);
  },
});
