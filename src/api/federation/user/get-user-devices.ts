// GET /_matrix/federation/v1/user/devices/{userId}: all devices of a user here, with the position in the user's updates.

import type { Federation } from '../../../federation/federation.ts';
import { endpoint } from '../../../http/inbound/endpoint.ts';
import { userIdParam } from '../../../http/inbound/params.ts';

export const getUserDevices = endpoint({
  route: 'GET /_matrix/federation/v1/user/devices/{userId}',
  spec: 'server-server-api/#get_matrixfederationv1userdevicesuserid',
  auth: 'server',
  limit: 'none',
  params: { userId: userIdParam },
  handle({ params }, { federation }: { federation: Federation }) {
    return federation.edus.ownDevices(params.userId);
  },
});
