// POST /_matrix/client/v3/rooms/{roomId}/report/{eventId}: tells the administrators about an event.

import { endpoint } from '../../../http/inbound/endpoint.ts';
import { eventIdParam, roomIdParam } from '../../../http/inbound/params.ts';
import { Type } from '../../../lib/json-schema.ts';
import type { Reports } from '../../../rooms/reports.ts';

export const reportEvent = endpoint({
  route: 'POST /_matrix/client/v3/rooms/{roomId}/report/{eventId}',
  also: ['POST /_matrix/client/r0/rooms/{roomId}/report/{eventId}'],
  spec: 'client-server-api/#post_matrixclientv3roomsroomidreporteventid',
  auth: 'user',
  limit: 'account',
  params: { roomId: roomIdParam, eventId: eventIdParam },
  body: Type.Object({ reason: Type.Optional(Type.String()), score: Type.Optional(Type.Integer()) }),
  async handle({ caller, params, body }, { reports }: { reports: Reports }) {
    await reports.reportEvent(caller.user, params.roomId, params.eventId, body.reason ?? '');
    return {};
  },
});
