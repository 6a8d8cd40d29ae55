// PUT /_matrix/client/v3/room_keys/keys: stores keys of several rooms in the backup.

import type { E2ee } from '../../../e2ee/e2ee.ts';
import { endpoint } from '../../../http/inbound/endpoint.ts';
import { text } from '../../../http/inbound/params.ts';
import { uploadsOfAll, wholeBackup } from './backup-schemas.ts';

export const putKeys = endpoint({
  route: 'PUT /_matrix/client/v3/room_keys/keys',
  also: ['PUT /_matrix/client/r0/room_keys/keys', 'PUT /_matrix/client/unstable/room_keys/keys'],
  spec: 'client-server-api/#put_matrixclientv3room_keyskeys',
  auth: 'user',
  limit: 'account',
  query: { version: text },
  body: wholeBackup,
  handle({ caller, query, body }, { e2ee }: { e2ee: E2ee }) {
    return e2ee.backups.put(caller.user, query.version, uploadsOfAll(body));
  },
});
