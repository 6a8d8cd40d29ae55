// GET /_matrix/client/v3/profile/{userId}: a user's whole profile.

import type { Accounts } from '../../../accounts/accounts.ts';
import { endpoint } from '../../../http/inbound/endpoint.ts';
import { userIdParam } from '../../../http/inbound/params.ts';

export const getProfile = endpoint({
  route: 'GET /_matrix/client/v3/profile/{userId}',
  also: ['GET /_matrix/client/r0/profile/{userId}'],
  spec: 'client-server-api/#get_matrixclientv3profileuserid',
  auth: 'none',
  limit: 'read',
  params: { userId: userIdParam },
  handle: ({ params }, { accounts }: { accounts: Accounts }) => accounts.queryProfile(params.userId),
});
