// POST /_matrix/client/v3/logout/all: ends all of the user's sessions and their devices.

import type { Auth } from '../../../auth/auth.ts';
import { endpoint } from '../../../http/inbound/endpoint.ts';

export const logoutAll = endpoint({
  route: 'POST /_matrix/client/v3/logout/all',
  also: ['POST /_matrix/client/r0/logout/all'],
  spec: 'client-server-api/#post_matrixclientv3logoutall',
  auth: 'guest',
  limit: 'none',
  allowsLocked: true,
  async handle({ caller }, { auth }: { auth: Auth }) {
    await auth.logoutAll(caller.user);
    return {};
  },
});
