// PUT /_matrix/client/v3/room_keys/keys/{roomId}: stores keys of a room in the backup.

import type { E2ee } from '../../../e2ee/e2ee.ts';
import { endpoint } from '../../../http/inbound/endpoint.ts';
import { text } from '../../../http/inbound/params.ts';
import { roomBackup, uploadsOfRoom } from './backup-schemas.ts';

export const putRoomKeys = endpoint({
  route: 'PUT /_matrix/client/v3/room_keys/keys/{roomId}',
  also: ['PUT /_matrix/client/r0/room_keys/keys/{roomId}', 'PUT /_matrix/client/unstable/room_keys/keys/{roomId}'],
  spec: 'client-server-api/#put_matrixclientv3room_keyskeysroomid',
  auth: 'user',
  limit: 'account',
  params: { roomId: text },
  query: { version: text },
  body: roomBackup,
  handle({ caller, params, query, body }, { e2ee }: { e2ee: E2ee }) {
    return e2ee.backups.put(caller.user, query.version, uploadsOfRoom(params.roomId, body));
  },
});
