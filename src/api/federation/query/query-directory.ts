// GET /_matrix/federation/v1/query/directory: which room an alias of this server stands for.

import { endpoint } from '../../../http/inbound/endpoint.ts';
import { aliasParam } from '../../../http/inbound/params.ts';
import { notFound } from '../../../protocol/errors/matrix-error.ts';
import type { RoomDirectory } from '../../../rooms/directory/room-directory.ts';

export const queryDirectory = endpoint({
  route: 'GET /_matrix/federation/v1/query/directory',
  spec: 'server-server-api/#get_matrixfederationv1querydirectory',
  auth: 'server',
  limit: 'read',
  query: { room_alias: aliasParam },
  async handle({ query: { room_alias: alias } }, { roomDirectory }: { roomDirectory: RoomDirectory }) {
    const found = await roomDirectory.resolve(alias);
    if (!found) throw notFound(`There is no room alias ${alias} on this server.`);
    return { room_id: found.roomId, servers: found.servers };
  },
});
