// GET /_matrix/client/v3/devices: the caller's devices.

import type { Accounts } from '../../../accounts/accounts.ts';
import type { Auth } from '../../../auth/auth.ts';
import { endpoint } from '../../../http/inbound/endpoint.ts';
import { deviceShape } from './device-shape.ts';

export const getDevices = endpoint({
  route: 'GET /_matrix/client/v3/devices',
  also: ['GET /_matrix/client/r0/devices'],
  spec: 'client-server-api/#get_matrixclientv3devices',
  auth: 'guest',
  limit: 'read',
  async handle({ caller }, { accounts, auth }: { accounts: Accounts; auth: Auth }) {
    // Some clients cannot read a device that was never seen (matrix-nio): the one that asks was.
    await auth.flushLastSeen();
    return { devices: (await accounts.devicesOf(caller.user)).map(deviceShape) };
  },
});
