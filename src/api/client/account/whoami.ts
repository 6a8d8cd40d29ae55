// GET /_matrix/client/v3/account/whoami: whose access token it is.

import { endpoint } from '../../../http/inbound/endpoint.ts';

export const whoami = endpoint({
  route: 'GET /_matrix/client/v3/account/whoami',
  also: ['GET /_matrix/client/r0/account/whoami'],
  spec: 'client-server-api/#get_matrixclientv3accountwhoami',
  auth: 'guest',
  limit: 'read',
  async handle({ caller }) {
    const { userId, deviceId, isGuest } = caller;
    // Application services that speak for themselves have no device.
    return { user_id: userId, ...(deviceId !== '' && { device_id: deviceId }), is_guest: isGuest };
  },
});
