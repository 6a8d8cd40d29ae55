// GET /_matrix/client/v3/room_keys/version/{version}: one key backup.

import type { E2ee } from '../../../e2ee/e2ee.ts';
import { endpoint } from '../../../http/inbound/endpoint.ts';
import { text } from '../../../http/inbound/params.ts';

export const getVersion = endpoint({
  route: 'GET /_matrix/client/v3/room_keys/version/{version}',
  also: [
    'GET /_matrix/client/r0/room_keys/version/{version}',
    'GET /_matrix/client/unstable/room_keys/version/{version}',
  ],
  spec: 'client-server-api/#get_matrixclientv3room_keysversionversion',
  auth: 'user',
  limit: 'read',
  params: { version: text },
  handle({ caller, params }, { e2ee }: { e2ee: E2ee }) {
    return e2ee.backups.version(caller.user, params.version);
  },
});
