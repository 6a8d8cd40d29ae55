// POST /_matrix/client/v3/publicRooms: the published rooms that a filter lets through.

import type { Config } from '../../../config/schema.ts';
import { endpoint } from '../../../http/inbound/endpoint.ts';
import { optionalServerName } from '../../../http/inbound/params.ts';
import { Type } from '../../../lib/json-schema.ts';
import type { RoomDirectory } from '../../../rooms/directory/room-directory.ts';
import { checkServer, PAGE_DEFAULT, PAGE_MAX } from './check-server.ts';

const filter = Type.Object({
  generic_search_term: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  room_types: Type.Optional(Type.Union([Type.Array(Type.Union([Type.String(), Type.Null()])), Type.Null()])),
});

export const searchPublicRooms = endpoint({
  route: 'POST /_matrix/client/v3/publicRooms',
  also: ['POST /_matrix/client/r0/publicRooms'],
  spec: 'client-server-api/#post_matrixclientv3publicrooms',
  auth: 'user',
  limit: 'read',
  query: { server: optionalServerName },
  body: Type.Object({
    limit: Type.Optional(Type.Integer()),
    since: Type.Optional(Type.String()),
    filter: Type.Optional(filter),
    include_all_networks: Type.Optional(Type.Boolean()),
    third_party_instance_id: Type.Optional(Type.String()),
  }),
  async handle(
    { query, body },
    { roomDirectory, config }: { roomDirectory: RoomDirectory; config: Pick<Config, 'serverName'> },
  ) {
    checkServer(query.server, config.serverName);
    // Rooms of third-party networks are published apart from this server's own; there are none.
    if (body.third_party_instance_id !== undefined && !body.include_all_networks) {
      return { chunk: [], total_room_count_estimate: 0 };
    }
    return roomDirectory.publicRooms({
      limit: Math.min(PAGE_MAX, Math.max(1, body.limit ?? PAGE_DEFAULT)),
      since: body.since,
      searchTerm: body.filter?.generic_search_term ?? undefined,
      roomTypes: body.filter?.room_types ?? undefined,
    });
  },
});
