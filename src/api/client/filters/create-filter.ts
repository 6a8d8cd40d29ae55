// POST /_matrix/client/v3/user/{userId}/filter: stores a filter for later use.

import type { Accounts } from '../../../accounts/accounts.ts';
import { endpoint } from '../../../http/inbound/endpoint.ts';
import { userIdParam } from '../../../http/inbound/params.ts';
import { checkOwnUser } from '../account-data/own-user.ts';

export const createFilter = endpoint({
  route: 'POST /_matrix/client/v3/user/{userId}/filter',
  also: ['POST /_matrix/client/r0/user/{userId}/filter'],
  spec: 'client-server-api/#post_matrixclientv3useruseridfilter',
  auth: 'guest',
  limit: 'account',
  params: { userId: userIdParam },
  body: 'object',
  async handle({ caller, params, body }, { accounts }: { accounts: Accounts }) {
    checkOwnUser(caller, params.userId);
    return { filter_id: await accounts.storeFilter(caller.user, body) };
  },
});
