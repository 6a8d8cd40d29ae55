// POST /_matrix/client/v3/knock/{roomIdOrAlias}: asks to be let into a room.

import { endpoint } from '../../../http/inbound/endpoint.ts';
import { roomIdOrAliasParam } from '../../../http/inbound/params.ts';
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
  body: reasonBody,
  async handle(
    { caller, params, body },
    { membership, roomDirectory }: { membership: Membership; roomDirectory: RoomDirectory },
  ) {
    const roomId = await roomDirectory.roomIdOf(params.roomIdOrAlias);
    await membership.knock(caller, roomId, withReason(body.reason));
    return { room_id: roomId };
  },
});
