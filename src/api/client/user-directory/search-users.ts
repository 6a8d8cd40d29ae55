// POST /_matrix/client/v3/user_directory/search: users by name or id, of those whom the caller can see.

import type { Accounts } from '../../../accounts/accounts.ts';
import { endpoint } from '../../../http/inbound/endpoint.ts';
import { Type } from '../../../lib/json-schema.ts';

const RESULTS_DEFAULT = 10;
const RESULTS_MAX = 50;

export const searchUsers = endpoint({
  route: 'POST /_matrix/client/v3/user_directory/search',
  also: ['POST /_matrix/client/r0/user_directory/search'],
  spec: 'client-server-api/#post_matrixclientv3user_directorysearch',
  auth: 'user',
  limit: 'read',
  body: Type.Object({ search_term: Type.String({ maxLength: 1024 }), limit: Type.Optional(Type.Integer()) }),
  handle({ caller, body }, { accounts }: { accounts: Accounts }) {
    const limit = Math.min(Math.max(body.limit ?? RESULTS_DEFAULT, 1), RESULTS_MAX);
    return accounts.searchUsers(caller.user, body.search_term, limit);
  },
});
