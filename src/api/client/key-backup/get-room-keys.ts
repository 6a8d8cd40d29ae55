// GET /_matrix/client/v3/room_keys/keys/{roomId}: a room's keys in the backup.

import type { E2ee } from '../../../e2ee/e2ee.ts';
import { endpoint, jsonText } from '../../../http/inbound/endpoint.ts';
import { text } from '../../../http/inbound/params.ts';

export const getRoomKeys = endpoint({
  route: 'GET /_matrix/client/v3/room_keys/keys/{roomId}',
  also: ['GET /_matrix/client/r0/room_keys/keys/{roomId}', 'GET /_matrix/client/unstable/room_keys/keys/{roomId}'],
  spec: 'client-server-api/#get_matrixclientv3room_keyskeysroomid',
  auth: 'user',
  limit: 'read',
  params: { roomId: text },
  query: { version: text },
  async handle({ caller, params, query }, { e2ee }: { e2ee: E2ee }) {
    return jsonText(await e2ee.backups.sessions(caller.user, query.version, params.roomId));
  },
});
