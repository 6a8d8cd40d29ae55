// POST /_matrix/client/v3/users/{userId}/report: tells the administrators about a user.

import { endpoint } from '../../../http/inbound/endpoint.ts';
import { userIdParam } from '../../../http/inbound/params.ts';
import { Type } from '../../../lib/json-schema.ts';
import type { Reports } from '../../../rooms/reports.ts';

export const reportUser = endpoint({
  route: 'POST /_matrix/client/v3/users/{userId}/report',
  also: ['POST /_matrix/client/unstable/org.matrix.msc4260/users/{userId}/report'],
  spec: 'client-server-api/#post_matrixclientv3usersuseridreport',
  auth: 'user',
  limit: 'account',
  params: { userId: userIdParam },
  body: Type.Object({ reason: Type.String() }),
  async handle({ caller, params, body }, { reports }: { reports: Reports }) {
    await reports.reportUser(caller.user, params.userId, body.reason);
    return {};
  },
});
