// POST /_matrix/client/v3/join/{roomIdOrAlias}: joins a room by its id or an alias.

import { endpoint } from '../../../http/inbound/endpoint.ts';
import { roomIdOrAliasParam, serverNames } from '../../../http/inbound/params.ts';
import type { Membership } from '../../../membership/membership.ts';
import type { RoomDirectory } from '../../../rooms/directory/room-directory.ts';
import { checkReason } from './check-reason.ts';

export const joinRoomOrAlias = endpoint({
  route: 'POST /_matrix/client/v3/join/{roomIdOrAlias}',
  also: ['POST /_matrix/client/r0/join/{roomIdOrAlias}'],
  spec: 'client-server-api/#post_matrixclientv3joinroomidoralias',
  auth: 'user',
  limit: 'join',
  refusesSuspended: true,
  params: { roomIdOrAlias: roomIdOrAliasParam },
  // server_name: as it was called before Matrix 1.12.
  query: { via: serverNames, server_name: serverNames },
  body: 'object',
  async handle(
    { caller, params, query, body },
    { membership, roomDirectory }: { membership: Membership; roomDirectory: RoomDirectory },
  ) {
    const { roomId, servers } = await roomDirectory.find(params.roomIdOrAlias);
    const via = [...query.via, ...query.server_name, ...servers];
    await membership.join(caller, roomId, checkReason(body), { via });
    return { room_id: roomId };
  },
});
