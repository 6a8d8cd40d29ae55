// GET /_matrix/client/v3/room_keys/version: the latest key backup.

import type { E2ee } from '../../../e2ee/e2ee.ts';
import { endpoint } from '../../../http/inbound/endpoint.ts';

export const getCurrentVersion = endpoint({
  route: 'GET /_matrix/client/v3/room_keys/version',
  also: ['GET /_matrix/client/r0/room_keys/version', 'GET /_matrix/client/unstable/room_keys/version'],
  spec: 'client-server-api/#get_matrixclientv3room_keysversion',
  auth: 'user',
  limit: 'read',
  handle({ caller }, { e2ee }: { e2ee: E2ee }) {
    return e2ee.backups.version(caller.user);
  },
});
