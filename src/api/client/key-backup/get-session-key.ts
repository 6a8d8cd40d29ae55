// GET /_matrix/client/v3/room_keys/keys/{roomId}/{sessionId}: a key of the backup.

import type { E2ee } from '../../../e2ee/e2ee.ts';
import { endpoint, jsonText } from '../../../http/inbound/endpoint.ts';
import { text } from '../../../http/inbound/params.ts';

export const getSessionKey = endpoint({
  route: 'GET /_matrix/client/v3/room_keys/keys/{roomId}/{sessionId}',
  also: [
    'GET /_matrix/client/r0/room_keys/keys/{roomId}/{sessionId}',
    'GET /_matrix/client/unstable/room_keys/keys/{roomId}/{sessionId}',
  ],
  spec: 'client-server-api/#get_matrixclientv3room_keyskeysroomidsessionid',
  auth: 'user',
  limit: 'read',
  params: { roomId: text, sessionId: text },
  query: { version: text },
  async handle({ caller, params, query }, { e2ee }: { e2ee: E2ee }) {
    return jsonText(await e2ee.backups.session(caller.user, query.version, params.roomId, params.sessionId));
  },
});
