// POST /_matrix/client/v3/keys/claim: takes one-time keys of other devices.

import type { E2ee } from '../../../e2ee/e2ee.ts';
import { endpoint } from '../../../http/inbound/endpoint.ts';
import { Type } from '../../../lib/json-schema.ts';
import type { UserId } from '../../../protocol/ids/branded.ts';
import { remoteTimeoutMs, timeoutSchema } from './remote-timeout.ts';
import { byUserId } from './user-map.ts';

export const claimKeys = endpoint({
  route: 'POST /_matrix/client/v3/keys/claim',
  also: ['POST /_matrix/client/r0/keys/claim'],
  spec: 'client-server-api/#post_matrixclientv3keysclaim',
  auth: 'guest',
  limit: 'read',
  body: Type.Object({
    one_time_keys: Type.Record(Type.String(), Type.Record(Type.String(), Type.String())),
    timeout: timeoutSchema,
  }),
  handle({ body }, { e2ee }: { e2ee: E2ee }) {
    const wanted = new Map<UserId, Map<string, string>>();
    for (const [userId, devices] of byUserId(body.one_time_keys)) wanted.set(userId, new Map(Object.entries(devices)));
    return e2ee.claimKeys(wanted, remoteTimeoutMs(body.timeout));
  },
});
