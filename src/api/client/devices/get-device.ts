// GET /_matrix/client/v3/devices/{deviceId}: one of the caller's devices.

import type { Accounts } from '../../../accounts/accounts.ts';
import type { Auth } from '../../../auth/auth.ts';
import { endpoint } from '../../../http/inbound/endpoint.ts';
import { text } from '../../../http/inbound/params.ts';
import { deviceShape } from './device-shape.ts';

export const getDevice = endpoint({
  route: 'GET /_matrix/client/v3/devices/{deviceId}',
  also: ['GET /_matrix/client/r0/devices/{deviceId}'],
  spec: 'client-server-api/#get_matrixclientv3devicesdeviceid',
  auth: 'guest',
  limit: 'read',
  params: { deviceId: text },
  async handle({ caller, params }, { accounts, auth }: { accounts: Accounts; auth: Auth }) {
    // Some clients cannot read a device that was never seen (matrix-nio): the one that asks was.
    await auth.flushLastSeen();
    return deviceShape(await accounts.device(caller.user, params.deviceId));
  },
});
