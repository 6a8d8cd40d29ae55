// PUT /_matrix/client/v3/room_keys/keys/{roomId}/{sessionId}: stores a key in the backup.

import type { E2ee } from '../../../e2ee/e2ee.ts';
import type { RoomKey } from '../../../e2ee/key-backups.ts';
import { endpoint } from '../../../http/inbound/endpoint.ts';
import { text } from '../../../http/inbound/params.ts';
import { roomKey } from './backup-schemas.ts';

export const putSessionKey = endpoint({
  route: 'PUT /_matrix/client/v3/room_keys/keys/{roomId}/{sessionId}',
  also: [
    'PUT /_matrix/client/r0/room_keys/keys/{roomId}/{sessionId}',
    'PUT /_matrix/client/unstable/room_keys/keys/{roomId}/{sessionId}',
  ],
  spec: 'client-server-api/#put_matrixclientv3room_keyskeysroomidsessionid',
  auth: 'user',
  limit: 'account',
  params: { roomId: text, sessionId: text },
  query: { version: text },
  body: roomKey,
  handle({ caller, params, query, body }, { e2ee }: { e2ee: E2ee }) {
    return e2ee.backups.put(caller.user, query.version, [{ ...params, key: body as RoomKey }]);
  },
});
