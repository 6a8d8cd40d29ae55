// DELETE /_matrix/client/v3/room_keys/keys: deletes all keys of the backup.

import type { E2ee } from '../../../e2ee/e2ee.ts';
import { endpoint } from '../../../http/inbound/endpoint.ts';
import { text } from '../../../http/inbound/params.ts';

export const deleteKeys = endpoint({
  route: 'DELETE /_matrix/client/v3/room_keys/keys',
  also: ['DELETE /_matrix/client/r0/room_keys/keys', 'DELETE /_matrix/client/unstable/room_keys/keys'],
  spec: 'client-server-api/#delete_matrixclientv3room_keyskeys',
  auth: 'user',
  limit: 'account',
  query: { version: text },
  handle({ caller, query }, { e2ee }: { e2ee: E2ee }) {
    return e2ee.backups.deleteSessions(caller.user, query.version, {});
  },
});
