// GET /_matrix/client/v3/initialSync: what old clients begin with (deprecated).

import { endpoint, jsonText } from '../../../http/inbound/endpoint.ts';
import { optionalBool, optionalInt } from '../../../http/inbound/params.ts';
import type { Sync } from '../../../sync/sync.ts';

const limit = optionalInt({ min: 0, max: 100, clamp: true, default: 10 });
const archived = optionalBool();

export const getInitialSync = endpoint({
  route: 'GET /_matrix/client/v3/initialSync',
  also: ['GET /_matrix/client/r0/initialSync'],
  spec: 'client-server-api/#get_matrixclientv3initialsync',
  auth: 'user',
  limit: 'read',
  query: { limit, archived },
  async handle({ caller, query, signal }, { sync }: { sync: Sync }) {
    const { user, userId, device } = caller;
    return jsonText(sync.initialSync({ viewer: { user, userId, device }, ...query, signal }));
  },
});
