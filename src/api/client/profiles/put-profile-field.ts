// PUT /_matrix/client/v3/profile/{userId}/{keyName}: sets a field of the own profile.

import type { Accounts } from '../../../accounts/accounts.ts';
import { fieldValue } from '../../../accounts/profile-fields.ts';
import { endpoint } from '../../../http/inbound/endpoint.ts';
import { text, userIdParam } from '../../../http/inbound/params.ts';
import { ownField } from './own-field.ts';

export const putProfileField = endpoint({
  route: 'PUT /_matrix/client/v3/profile/{userId}/{keyName}',
  also: [
    'PUT /_matrix/client/r0/profile/{userId}/{keyName}',
    'PUT /_matrix/client/unstable/uk.tcpip.msc4133/profile/{userId}/{keyName}',
  ],
  spec: 'client-server-api/#put_matrixclientv3profileuseridkeyname',
  auth: 'guest',
  limit: 'account',
  refusesSuspended: true,
  params: { userId: userIdParam, keyName: text },
  body: 'object',
  async handle({ caller, params, body }, { accounts }: { accounts: Accounts }) {
    const name = ownField(caller, params.userId, params.keyName);
    await accounts.putProfileField(caller.user, caller.userId, name, fieldValue(name, body));
    return {};
  },
});
