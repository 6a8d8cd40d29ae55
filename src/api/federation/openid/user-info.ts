// GET /_matrix/federation/v1/openid/userinfo: whose OpenID token it is.

import type { Auth } from '../../../auth/auth.ts';
import { endpoint } from '../../../http/inbound/endpoint.ts';
import { text } from '../../../http/inbound/params.ts';

export const getOpenidUserInfo = endpoint({
  route: 'GET /_matrix/federation/v1/openid/userinfo',
  spec: 'server-server-api/#get_matrixfederationv1openiduserinfo',
  // The access_token in the query is the OpenID token, not a user's.
  auth: 'none',
  limit: 'read',
  query: { access_token: text },
  async handle({ query }, { auth }: { auth: Auth }) {
    return { sub: await auth.openidUser(query.access_token) };
  },
});
