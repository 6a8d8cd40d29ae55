// DELETE /_matrix/client/v3/room_keys/keys/{roomId}: deletes a room's keys from the backup.

import type { E2ee } from '../../../e2ee/e2ee.ts';
import { endpoint } from '../../../http/inbound/endpoint.ts';
import { text } from '../../../http/inbound/params.ts';

export const deleteRoomKeys = endpoint({
  route: 'DELETE /_matrix/client/v3/room_keys/keys/{roomId}',
  also: [
    'DELETE /_matrix/client/r0/room_keys/keys/{roomId}',
    'DELETE /_matrix/client/unstable/room_keys/keys/{roomId}',
  ],
  spec: 'client-server-api/#delete_matrixclientv3room_keyskeysroomid',
  auth: 'user',
  limit: 'account',
  params: { roomId: text },
  query: { version: text },
  handle({ caller, params, query }, { e2ee }: { e2ee: E2ee }) {
    return e2ee.backups.deleteSessions(caller.user, query.version, params);
  },
});
