// POST /_matrix/client/v3/delete_devices: ends several devices, after interactive authentication.

import type { Accounts } from '../../../accounts/accounts.ts';
import type { Auth } from '../../../auth/auth.ts';
import { endpoint } from '../../../http/inbound/endpoint.ts';
import { badJson, missingParam } from '../../../protocol/errors/matrix-error.ts';
import type { Json } from '../../../protocol/events/json.ts';

const DEVICES_MAX = 1000;

const deviceIdsIn = (value: Json | undefined): string[] => {
  if (value === undefined) throw missingParam('Missing from the body: devices.');
  if (!Array.isArray(value) || value.length > DEVICES_MAX) throw badJson('devices must be a list of device IDs.');
  return value.map((id) => {
    if (typeof id !== 'string') throw badJson('devices must be a list of device IDs.');
    return id;
  });
};

export const deleteDevices = endpoint({
  route: 'POST /_matrix/client/v3/delete_devices',
  also: ['POST /_matrix/client/r0/delete_devices'],
  spec: 'client-server-api/#post_matrixclientv3delete_devices',
  auth: 'user',
  limit: 'account',
  body: 'object',
  async handle({ caller, body }, { accounts, auth }: { accounts: Accounts; auth: Auth }) {
    if (body.devices !== undefined) deviceIdsIn(body.devices);
    const { devices } = await auth.confirmOwner(caller, 'POST /delete_devices', body);
    await accounts.deleteDevices(caller.user, deviceIdsIn(devices));
    return {};
  },
});
