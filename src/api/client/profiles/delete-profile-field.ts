// DELETE /_matrix/client/v3/profile/{userId}/{keyName}: removes a field of the own profile.

import type { Accounts } from '../../../accounts/accounts.ts';
import { endpoint } from '../../../http/inbound/endpoint.ts';
import { text, userIdParam } from '../../../http/inbound/params.ts';
import { ownField } from './own-field.ts';

export const deleteProfileField = endpoint({
  route: 'DELETE /_matrix/client/v3/profile/{userId}/{keyName}',
  also: ['DELETE /_matrix/client/unstable/uk.tcpip.msc4133/profile/{userId}/{keyName}'],
  spec: 'client-server-api/#delete_matrixclientv3profileuseridkeyname',
  auth: 'guest',
  limit: 'account',
  refusesSuspended: true,
  params: { userId: userIdParam, keyName: text },
  async handle({ caller, params }, { accounts }: { accounts: Accounts }) {
    const name = ownField(caller, params.userId, params.keyName);
    await accounts.deleteProfileField(caller.user, caller.userId, name);
    return {};
  },
});
