// POST /_matrix/client/v1/login/get_token: a token for one more device of the same user.

import type { Auth } from '../../../auth/auth.ts';
import { endpoint } from '../../../http/inbound/endpoint.ts';

export const getLoginToken = endpoint({
  route: 'POST /_matrix/client/v1/login/get_token',
  also: ['POST /_matrix/client/unstable/org.matrix.msc3882/login/get_token'],
  spec: 'client-server-api/#post_matrixclientv1loginget_token',
  auth: 'user',
  limit: 'login',
  body: 'object',
  async handle({ caller, body }, { auth }: { auth: Auth }) {
    await auth.confirmOwner(caller, 'POST /login/get_token', body);
    return auth.newLoginToken(caller.user);
  },
});
