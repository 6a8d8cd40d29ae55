// GET /_matrix/client/v3/profile/{userId}/{keyName}: one field of a user's profile.

import type { Accounts } from '../../../accounts/accounts.ts';
import { checkFieldName } from '../../../accounts/profile-fields.ts';
import { endpoint } from '../../../http/inbound/endpoint.ts';
import { text, userIdParam } from '../../../http/inbound/params.ts';

export const getProfileField = endpoint({
  route: 'GET /_matrix/client/v3/profile/{userId}/{keyName}',
  also: [
    'GET /_matrix/client/r0/profile/{userId}/{keyName}',
    'GET /_matrix/client/unstable/uk.tcpip.msc4133/profile/{userId}/{keyName}',
  ],
  spec: 'client-server-api/#get_matrixclientv3profileuseridkeyname',
  auth: 'none',
  limit: 'read',
  params: { userId: userIdParam, keyName: text },
  handle: ({ params }, { accounts }: { accounts: Accounts }) =>
    accounts.queryProfileField(params.userId, checkFieldName(params.keyName)),
});
