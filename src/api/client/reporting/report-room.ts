// POST /_matrix/client/v3/rooms/{roomId}/report: tells the administrators about a room.

import { endpoint } from '../../../http/inbound/endpoint.ts';
import { roomIdParam } from '../../../http/inbound/params.ts';
import { Type } from '../../../lib/json-schema.ts';
import type { Reports } from '../../../rooms/reports.ts';

export const reportRoom = endpoint({
  route: 'POST /_matrix/client/v3/rooms/{roomId}/report',
  also: ['POST /_matrix/client/unstable/org.matrix.msc4151/rooms/{roomId}/report'],
  spec: 'client-server-api/#post_matrixclientv3roomsroomidreport',
  auth: 'user',
  limit: 'account',
  params: { roomId: roomIdParam },
  body: Type.Object({ reason: Type.String() }),
  async handle({ caller, params, body }, { reports }: { reports: Reports }) {
    await reports.reportRoom(caller.user, params.roomId, body.reason);
    return {};
  },
});
