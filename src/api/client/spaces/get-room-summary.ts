// GET /_matrix/client/v1/room_summary/{roomIdOrAlias}: what a room looks like from outside.

import { endpoint } from '../../../http/inbound/endpoint.ts';
import { roomIdOrAliasParam, serverNames } from '../../../http/inbound/params.ts';
import type { RoomReads } from '../../../rooms/read/room-reads.ts';

export const getRoomSummary = endpoint({
  route: 'GET /_matrix/client/v1/room_summary/{roomIdOrAlias}',
  also: [
    'GET /_matrix/client/unstable/im.nheko.summary/summary/{roomIdOrAlias}',
    'GET /_matrix/client/unstable/im.nheko.summary/rooms/{roomIdOrAlias}/summary',
  ],
  spec: 'client-server-api/#get_matrixclientv1room_summaryroomidoralias',
  auth: 'optional',
  limit: 'read',
  params: { roomIdOrAlias: roomIdOrAliasParam },
  query: { via: serverNames },
  async handle({ caller, params, query }, { roomReads }: { roomReads: RoomReads }) {
    return roomReads.summary(params.roomIdOrAlias, query.via, caller?.user);
  },
});
