// POST /_matrix/client/v3/user/{userId}/openid/request_token: a token that proves to another service who the caller is.

import type { Auth } from '../../../auth/auth.ts';
import { endpoint } from '../../../http/inbound/endpoint.ts';
import { userIdParam } from '../../../http/inbound/params.ts';
import { checkOwnUser } from '../account-data/own-user.ts';

export const requestOpenidToken = endpoint({
  route: 'POST /_matrix/client/v3/user/{userId}/openid/request_token',
  also: ['POST /_matrix/client/r0/user/{userId}/openid/request_token'],
  spec: 'client-server-api/#post_matrixclientv3useruseridopenidrequest_token',
  auth: 'user',
  limit: 'account',
  params: { userId: userIdParam },
  body: 'object',
  handle({ caller, params }, { auth }: { auth: Auth }) {
    checkOwnUser(caller, params.userId);
    return auth.newOpenidToken(caller.user);
  },
});
