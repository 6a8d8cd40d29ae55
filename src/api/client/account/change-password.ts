// POST /_matrix/client/v3/account/password: a new password for who knows the old one.

import type { Auth } from '../../../auth/auth.ts';
import { endpoint } from '../../../http/inbound/endpoint.ts';

export const changePassword = endpoint({
  route: 'POST /_matrix/client/v3/account/password',
  also: ['POST /_matrix/client/r0/account/password'],
  spec: 'client-server-api/#post_matrixclientv3accountpassword',
  auth: 'user',
  limit: 'account',
  body: 'object',
  async handle({ caller, body }, { auth }: { auth: Auth }) {
    await auth.changePassword(caller, body);
    return {};
  },
});
