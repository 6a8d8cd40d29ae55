// GET /_matrix/client/v3/admin/whois/{userId}: from where a user's devices were last seen; for the user and administrators.

import type { Accounts } from '../../../accounts/accounts.ts';
import type { Device } from '../../../accounts/devices.ts';
import { endpoint } from '../../../http/inbound/endpoint.ts';
import { userIdParam } from '../../../http/inbound/params.ts';
import { forbidden, notFound } from '../../../protocol/errors/matrix-error.ts';

const connectionOf = ({ lastSeenTs, lastSeenAddress, lastSeenAgent }: Device) => ({
  ...(lastSeenAddress !== null && { ip: lastSeenAddress }),
  ...(lastSeenTs !== null && { last_seen: lastSeenTs }),
  ...(lastSeenAgent !== null && { user_agent: lastSeenAgent }),
});

export const whois = endpoint({
  route: 'GET /_matrix/client/v3/admin/whois/{userId}',
  also: ['GET /_matrix/client/r0/admin/whois/{userId}', 'GET /_synapse/admin/v1/whois/{userId}'],
  spec: 'client-server-api/#get_matrixclientv3adminwhoisuserid',
  auth: 'user',
  limit: 'read',
  params: { userId: userIdParam },
  async handle({ caller, params }, { accounts }: { accounts: Accounts }) {
    const { userId } = params;
    if (caller.userId !== userId && !caller.isAdmin) throw forbidden('Only administrators may look at other users.');
    const account = await accounts.findAccount(userId);
    if (!account) throw notFound('There is no such user.');
    const devices = await accounts.devicesOf(account.user);
    const shown = devices.map((device) => [device.deviceId, { sessions: [{ connections: [connectionOf(device)] }] }]);
    return { user_id: userId, devices: Object.fromEntries(shown) };
  },
});
