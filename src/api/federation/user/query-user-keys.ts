// POST /_matrix/federation/v1/user/keys/query: device and cross-signing keys of this server's users.

import type { E2ee } from '../../../e2ee/e2ee.ts';
import { endpoint } from '../../../http/inbound/endpoint.ts';
import type { Identity } from '../../../identity/identity.ts';
import { Type } from '../../../lib/json-schema.ts';
import { ownUsers } from './own-users.ts';

export const queryUserKeys = endpoint({
  route: 'POST /_matrix/federation/v1/user/keys/query',
  spec: 'server-server-api/#post_matrixfederationv1userkeysquery',
  auth: 'server',
  limit: 'none',
  body: Type.Object({ device_keys: Type.Record(Type.String(), Type.Array(Type.String())) }),
  async handle({ body }, { e2ee, identity }: { e2ee: E2ee; identity: Identity }) {
    const { device_keys, master_keys, self_signing_keys } = await e2ee.queryKeysForServer(
      ownUsers(body.device_keys, identity.serverName),
    );
    return { device_keys, master_keys, self_signing_keys };
  },
});
