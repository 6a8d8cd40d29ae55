// POST /_matrix/client/v3/knock/{roomIdOrAlias}: asks to be let into a room.

import { endpoint } from '../../../http/inbound/endpoint.ts';
import { roomIdOrAliasParam, serverNames } from '../../../http/inbound/params.ts';
import { withReason } from '../../../membership/member-content.ts';
import type { Membership } from '../../../membership/membership.ts';
import type { RoomDirectory } from '../../../rooms/directory/room-directory.ts';
import { reasonBody } from './reason-body.ts';

export const knockOnRoom = endpoint({
  route: 'POST /_matrix/client/v3/knock/{roomIdOrAlias}',
  spec: 'client-server-api/#post_matrixclientv3knockroomidoralias',
  auth: 'user',
  limit: 'join',
  refusesSuspended: true,
  params: { roomIdOrAlias: roomIdOrAliasParam },
  // server_name: as it was called before Matrix 1.12.
  query: { via: serverNames, server_name: serverNames },
  body: reasonBody,
  async handle(
    { caller, params, query, body },
    { membership, roomDirectory }: { membership: Membership; roomDirectory: RoomDirectory },
  ) {
    const { roomId, servers } = await roomDirectory.find(params.roomIdOrAlias);
    const via = [...query.via, ...query.server_name, ...servers];
    await membership.knock(caller, roomId, withReason(body.reason), { via });
    return { room_id: roomId };
  },
});
