// POST /_matrix/client/v3/publicRooms: the published rooms that a filter lets through.

import { endpoint } from '../../../http/inbound/endpoint.ts';
import { optionalServerName } from '../../../http/inbound/params.ts';
import { Type } from '../../../lib/json-schema.ts';
import { type DirectoryParts, PAGE_DEFAULT, PAGE_MAX, publishedRooms } from './published-rooms.ts';

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
  async handle({ query, body }, parts: DirectoryParts) {
    // Rooms of third-party networks are published apart from this server's own; there are none.
    if (body.third_party_instance_id !== undefined && !body.include_all_networks) {
      return { chunk: [], total_room_count_estimate: 0 };
    }
    const question = {
      limit: Math.min(PAGE_MAX, Math.max(1, body.limit ?? PAGE_DEFAULT)),
      since: body.since,
      searchTerm: body.filter?.generic_search_term ?? undefined,
      roomTypes: body.filter?.room_types ?? undefined,
    };
    return publishedRooms(query.server, question, parts);
  },
});
