// GET /_matrix/client/v3/user/{userId}/filter/{filterId}: a stored filter.

import type { Accounts } from '../../../accounts/accounts.ts';
import { endpoint, jsonText } from '../../../http/inbound/endpoint.ts';
import { text, userIdParam } from '../../../http/inbound/params.ts';
import { checkOwnUser } from '../account-data/own-user.ts';

export const getFilter = endpoint({
  route: 'GET /_matrix/client/v3/user/{userId}/filter/{filterId}',
  also: ['GET /_matrix/client/r0/user/{userId}/filter/{filterId}'],
  spec: 'client-server-api/#get_matrixclientv3useruseridfilterfilterid',
  auth: 'guest',
  limit: 'read',
  params: { userId: userIdParam, filterId: text },
  async handle({ caller, params }, { accounts }: { accounts: Accounts }) {
    checkOwnUser(caller, params.userId);
    return jsonText(await accounts.filter(caller.user, params.filterId));
  },
});
