// GET and POST /_matrix/federation/v1/publicRooms: the rooms that this server publishes.

import { endpoint } from '../../../http/inbound/endpoint.ts';
import { optionalBool, optionalInt, optionalText } from '../../../http/inbound/params.ts';
import { Type } from '../../../lib/json-schema.ts';
import type { RoomDirectory } from '../../../rooms/directory/room-directory.ts';

interface Parts {
  readonly roomDirectory: RoomDirectory;
}

/** Rooms in one answer; "0 (no limit)" is as many. */
const PAGE_MAX = 500;

const pageSize = (limit: number | undefined): number =>
  limit === undefined || limit <= 0 ? PAGE_MAX : Math.min(limit, PAGE_MAX);

/** Rooms of third-party networks are published apart from this server's own; there are none. */
const isOfOtherNetwork = (instance: string | undefined, allNetworks: boolean): boolean =>
  instance !== undefined && !allNetworks;
const none = { chunk: [], total_room_count_estimate: 0 };

export const getFederationPublicRooms = endpoint({
  route: 'GET /_matrix/federation/v1/publicRooms',
  spec: 'server-server-api/#get_matrixfederationv1publicrooms',
  auth: 'server',
  limit: 'read',
  query: {
    limit: optionalInt(),
    since: optionalText,
    include_all_networks: optionalBool(),
    third_party_instance_id: optionalText,
  },
  async handle({ query }, { roomDirectory }: Parts) {
    if (isOfOtherNetwork(query.third_party_instance_id, query.include_all_networks)) return none;
    return roomDirectory.publicRooms({ limit: pageSize(query.limit), since: query.since });
  },
});

const filter = Type.Object({
  generic_search_term: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  room_types: Type.Optional(Type.Union([Type.Array(Type.Union([Type.String(), Type.Null()])), Type.Null()])),
});

export const searchFederationPublicRooms = endpoint({
  route: 'POST /_matrix/federation/v1/publicRooms',
  spec: 'server-server-api/#post_matrixfederationv1publicrooms',
  auth: 'server',
  limit: 'read',
  body: Type.Object({
    limit: Type.Optional(Type.Integer()),
    since: Type.Optional(Type.String()),
    filter: Type.Optional(filter),
    include_all_networks: Type.Optional(Type.Boolean()),
    third_party_instance_id: Type.Optional(Type.String()),
  }),
  async handle({ body }, { roomDirectory }: Parts) {
    if (isOfOtherNetwork(body.third_party_instance_id, body.include_all_networks === true)) return none;
    return roomDirectory.publicRooms({
      limit: pageSize(body.limit),
      since: body.since,
      searchTerm: body.filter?.generic_search_term ?? undefined,
      roomTypes: body.filter?.room_types ?? undefined,
    });
  },
});
