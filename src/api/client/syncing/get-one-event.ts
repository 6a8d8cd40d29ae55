// GET /_matrix/client/v3/events/{eventId}: one event, of whatever room (deprecated).

import { endpoint, jsonText } from '../../../http/inbound/endpoint.ts';
import { eventIdParam } from '../../../http/inbound/params.ts';
import type { Sync } from '../../../sync/sync.ts';
import { viewerOf } from '../room-reading/viewer.ts';

export const getOneEvent = endpoint({
  route: 'GET /_matrix/client/v3/events/{eventId}',
  also: ['GET /_matrix/client/r0/events/{eventId}'],
  spec: 'client-server-api/#get_matrixclientv3eventseventid',
  auth: 'user',
  limit: 'read',
  params: { eventId: eventIdParam },
  async handle({ caller, params }, { sync }: { sync: Sync }) {
    return jsonText(await sync.event(params.eventId, viewerOf(caller)));
  },
});
