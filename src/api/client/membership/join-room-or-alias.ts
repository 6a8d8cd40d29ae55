// POST /_matrix/client/v3/join/{roomIdOrAlias}: joins a room by its id or an alias.

import { endpoint } from '../../../http/inbound/endpoint.ts';
import { roomIdOrAliasParam } from '../../../http/inbound/params.ts';
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
  body: 'object',
  async handle(
    { caller, params, body },
    { membership, roomDirectory }: { membership: Membership; roomDirectory: RoomDirectory },
  ) {
    const roomId = await roomDirectory.roomIdOf(params.roomIdOrAlias);
    await membership.join(caller, roomId, checkReason(body));
    return { room_id: roomId };
  },
});
