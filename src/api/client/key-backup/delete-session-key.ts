// DELETE /_matrix/client/v3/room_keys/keys/{roomId}/{sessionId}: deletes a key from the backup.

import type { E2ee } from '../../../e2ee/e2ee.ts';
import { endpoint } from '../../../http/inbound/endpoint.ts';
import { text } from '../../../http/inbound/params.ts';

export const deleteSessionKey = endpoint({
  route: 'DELETE /_matrix/client/v3/room_keys/keys/{roomId}/{sessionId}',
  also: [
    'DELETE /_matrix/client/r0/room_keys/keys/{roomId}/{sessionId}',
    'DELETE /_matrix/client/unstable/room_keys/keys/{roomId}/{sessionId}',
  ],
  spec: 'client-server-api/#delete_matrixclientv3room_keyskeysroomidsessionid',
  auth: 'user',
  limit: 'account',
  params: { roomId: text, sessionId: text },
  query: { version: text },
  handle({ caller, params, query }, { e2ee }: { e2ee: E2ee }) {
    return e2ee.backups.deleteSessions(caller.user, query.version, params);
  },
});
