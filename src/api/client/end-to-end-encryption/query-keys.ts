// POST /_matrix/client/v3/keys/query: device and cross-signing keys of users.

import type { E2ee } from '../../../e2ee/e2ee.ts';
import { endpoint } from '../../../http/inbound/endpoint.ts';
import { Type } from '../../../lib/json-schema.ts';
import { remoteTimeoutMs, timeoutSchema } from './remote-timeout.ts';
import { byUserId } from './user-map.ts';

export const queryKeys = endpoint({
  route: 'POST /_matrix/client/v3/keys/query',
  also: ['POST /_matrix/client/r0/keys/query'],
  spec: 'client-server-api/#post_matrixclientv3keysquery',
  auth: 'guest',
  limit: 'read',
  body: Type.Object({
    device_keys: Type.Record(Type.String(), Type.Array(Type.String())),
    timeout: timeoutSchema,
  }),
  handle({ caller, body }, { e2ee }: { e2ee: E2ee }) {
    return e2ee.queryKeys(caller, byUserId(body.device_keys), remoteTimeoutMs(body.timeout));
  },
});
