// GET /_matrix/client/v3/directory/room/{roomAlias}: the room behind an alias.

import { endpoint } from '../../../http/inbound/endpoint.ts';
import { aliasParam } from '../../../http/inbound/params.ts';
import type { RoomDirectory } from '../../../rooms/directory/room-directory.ts';

export const getAlias = endpoint({
  route: 'GET /_matrix/client/v3/directory/room/{roomAlias}',
  also: ['GET /_matrix/client/r0/directory/room/{roomAlias}'],
  spec: 'client-server-api/#get_matrixclientv3directoryroomroomalias',
  auth: 'none',
  limit: 'read',
  params: { roomAlias: aliasParam },
  async handle({ params }, { roomDirectory }: { roomDirectory: RoomDirectory }) {
    const found = await roomDirectory.find(params.roomAlias);
    return { room_id: found.roomId, servers: found.servers };
  },
});
