// DELETE /_matrix/client/v3/devices/{deviceId}: ends a device, after interactive authentication.

import type { Accounts } from '../../../accounts/accounts.ts';
import type { Auth } from '../../../auth/auth.ts';
import { endpoint } from '../../../http/inbound/endpoint.ts';
import { text } from '../../../http/inbound/params.ts';

export const deleteDevice = endpoint({
  route: 'DELETE /_matrix/client/v3/devices/{deviceId}',
  also: ['DELETE /_matrix/client/r0/devices/{deviceId}'],
  spec: 'client-server-api/#delete_matrixclientv3devicesdeviceid',
  auth: 'user',
  limit: 'account',
  params: { deviceId: text },
  body: 'object',
  async handle({ caller, params, body }, { accounts, auth }: { accounts: Accounts; auth: Auth }) {
    await auth.confirmOwner(caller, `DELETE /devices/${params.deviceId}`, body);
    await accounts.deleteDevices(caller.user, [params.deviceId]);
    return {};
  },
});
