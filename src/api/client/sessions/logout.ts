// POST /_matrix/client/v3/logout: ends the session and its device.

import type { Auth } from '../../../auth/auth.ts';
import { endpoint } from '../../../http/inbound/endpoint.ts';

export const logout = endpoint({
  route: 'POST /_matrix/client/v3/logout',
  also: ['POST /_matrix/client/r0/logout'],
  spec: 'client-server-api/#post_matrixclientv3logout',
  auth: 'guest',
  limit: 'none',
  allowsLocked: true,
  async handle({ caller }, { auth }: { auth: Auth }) {
    await auth.logout(caller.user, caller.deviceId);
    return {};
  },
});
