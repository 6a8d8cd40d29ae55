// PUT /_matrix/client/v3/devices/{deviceId}: renames a device; application services also make devices.

import type { Accounts } from '../../../accounts/accounts.ts';
import { endpoint, jsonText } from '../../../http/inbound/endpoint.ts';
import { text } from '../../../http/inbound/params.ts';
import { Type } from '../../../lib/json-schema.ts';

export const putDevice = endpoint({
  route: 'PUT /_matrix/client/v3/devices/{deviceId}',
  also: ['PUT /_matrix/client/r0/devices/{deviceId}'],
  spec: 'client-server-api/#put_matrixclientv3devicesdeviceid',
  auth: 'guest',
  limit: 'account',
  params: { deviceId: text },
  body: Type.Object({ display_name: Type.Optional(Type.String()) }),
  async handle({ caller, params, body }, { accounts }: { accounts: Accounts }) {
    const name = body.display_name;
    // "The ability to create new devices is only available to application services".
    if (caller.appservice !== undefined) {
      const { isNew } = await accounts.putDevice(caller.user, params.deviceId, name);
      return jsonText('{}', isNew ? 201 : 200);
    }
    if (name === undefined) await accounts.device(caller.user, params.deviceId);
    else await accounts.renameDevice(caller.user, params.deviceId, name);
    return {};
  },
});
