// POST /_matrix/client/v3/account/deactivate: the end of the account.

import type { Auth } from '../../../auth/auth.ts';
import { endpoint } from '../../../http/inbound/endpoint.ts';

export const deactivate = endpoint({
  route: 'POST /_matrix/client/v3/account/deactivate',
  also: ['POST /_matrix/client/r0/account/deactivate'],
  spec: 'client-server-api/#post_matrixclientv3accountdeactivate',
  auth: 'user',
  limit: 'account',
  body: 'object',
  async handle({ caller, body }, { auth }: { auth: Auth }) {
    await auth.deactivateOwn(caller, body);
    // No third-party identifiers are kept, so none is left bound.
    return { id_server_unbind_result: 'success' };
  },
});
