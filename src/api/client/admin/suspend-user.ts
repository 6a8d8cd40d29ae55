// GET and PUT /_matrix/client/v1/admin/suspend/{userId}: suspends an account, or ends that. Client-Server API, "Account suspension".

import type { Accounts } from '../../../accounts/accounts.ts';
import { endpoint } from '../../../http/inbound/endpoint.ts';
import { userIdParam } from '../../../http/inbound/params.ts';
import { Type } from '../../../lib/json-schema.ts';

export const getSuspension = endpoint({
  route: 'GET /_matrix/client/v1/admin/suspend/{userId}',
  also: ['GET /_matrix/client/unstable/uk.timedout.msc4323/admin/suspend/{userId}'],
  spec: 'client-server-api/#get_matrixclientv1adminsuspenduserid',
  auth: 'admin',
  limit: 'read',
  params: { userId: userIdParam },
  async handle({ params }, { accounts }: { accounts: Accounts }) {
    return { suspended: (await accounts.moderatedAccount(params.userId)).isSuspended === 1 };
  },
});

export const putSuspension = endpoint({
  route: 'PUT /_matrix/client/v1/admin/suspend/{userId}',
  also: ['PUT /_matrix/client/unstable/uk.timedout.msc4323/admin/suspend/{userId}'],
  spec: 'client-server-api/#put_matrixclientv1adminsuspenduserid',
  auth: 'admin',
  limit: 'account',
  params: { userId: userIdParam },
  body: Type.Object({ suspended: Type.Boolean() }),
  async handle({ params, body }, { accounts }: { accounts: Accounts }) {
    const { user } = await accounts.moderatedAccount(params.userId);
    await accounts.setAccountFlags(user, { isSuspended: body.suspended });
    return { suspended: body.suspended };
  },
});
