// POST /_matrix/client/v3/login: a session for who knows the password, or holds a token.

import type { Auth } from '../../../auth/auth.ts';
import { endpoint } from '../../../http/inbound/endpoint.ts';

export const login = endpoint({
  route: 'POST /_matrix/client/v3/login',
  also: ['POST /_matrix/client/r0/login'],
  spec: 'client-server-api/#post_matrixclientv3login',
  // Application services log their users in with their own token.
  auth: 'optional',
  limit: 'login',
  body: 'object',
  bodySizeBytesMax: 65_536,
  handle: ({ caller, body, address, headers }, { auth }: { auth: Auth }) =>
    auth.login(body, caller, { address, agent: headers['user-agent'] }),
});
