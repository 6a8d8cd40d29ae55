// POST /_matrix/federation/v1/user/keys/claim: one-time keys of this server's devices.

import type { E2ee } from '../../../e2ee/e2ee.ts';
import { endpoint } from '../../../http/inbound/endpoint.ts';
import type { Identity } from '../../../identity/identity.ts';
import { Type } from '../../../lib/json-schema.ts';
import { ownUsers } from './own-users.ts';

export const claimUserKeys = endpoint({
  route: 'POST /_matrix/federation/v1/user/keys/claim',
  spec: 'server-server-api/#post_matrixfederationv1userkeysclaim',
  auth: 'server',
  limit: 'none',
  body: Type.Object({ one_time_keys: Type.Record(Type.String(), Type.Record(Type.String(), Type.String())) }),
  async handle({ body }, { e2ee, identity }: { e2ee: E2ee; identity: Identity }) {
    const users = ownUsers(body.one_time_keys, identity.serverName);
    const wanted = new Map([...users].map(([userId, devices]) => [userId, new Map(Object.entries(devices))]));
    return { one_time_keys: await e2ee.claimKeysForServer(wanted) };
  },
});
