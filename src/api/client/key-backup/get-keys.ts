// GET /_matrix/client/v3/room_keys/keys: all keys of the backup.

import type { E2ee } from '../../../e2ee/e2ee.ts';
import { endpoint, jsonText } from '../../../http/inbound/endpoint.ts';
import { text } from '../../../http/inbound/params.ts';

export const getKeys = endpoint({
  route: 'GET /_matrix/client/v3/room_keys/keys',
  also: ['GET /_matrix/client/r0/room_keys/keys', 'GET /_matrix/client/unstable/room_keys/keys'],
  spec: 'client-server-api/#get_matrixclientv3room_keyskeys',
  auth: 'user',
  limit: 'read',
  query: { version: text },
  async handle({ caller, query }, { e2ee }: { e2ee: E2ee }) {
    return jsonText(await e2ee.backups.sessions(caller.user, query.version));
  },
});
