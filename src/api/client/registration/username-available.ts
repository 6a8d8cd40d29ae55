// GET /_matrix/client/v3/register/available: whether a name is valid and free.

import type { Accounts } from '../../../accounts/accounts.ts';
import { endpoint } from '../../../http/inbound/endpoint.ts';
import { text } from '../../../http/inbound/params.ts';

export const getUsernameAvailable = endpoint({
  route: 'GET /_matrix/client/v3/register/available',
  also: ['GET /_matrix/client/r0/register/available'],
  spec: 'client-server-api/#get_matrixclientv3registeravailable',
  auth: 'none',
  limit: 'read',
  query: { username: text },
  async handle({ query }, { accounts }: { accounts: Accounts }) {
    await accounts.freeUserId(query.username);
    return { available: true };
  },
});
