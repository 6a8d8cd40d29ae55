// POST /_matrix/client/v3/rooms/{roomId}/upgrade: replaces a room by a new one of another version.

import { endpoint } from '../../../http/inbound/endpoint.ts';
import { roomIdParam } from '../../../http/inbound/params.ts';
import { Type } from '../../../lib/json-schema.ts';
import type { Membership } from '../../../membership/membership.ts';

export const upgradeRoom = endpoint({
  route: 'POST /_matrix/client/v3/rooms/{roomId}/upgrade',
  also: ['POST /_matrix/client/r0/rooms/{roomId}/upgrade'],
  spec: 'client-server-api/#post_matrixclientv3roomsroomidupgrade',
  auth: 'user',
  limit: 'create',
  refusesSuspended: true,
  params: { roomId: roomIdParam },
  body: Type.Object({
    new_version: Type.String(),
    additional_creators: Type.Optional(Type.Array(Type.String(), { maxItems: 1000 })),
  }),
  async handle({ caller, params, body }, { membership }: { membership: Membership }) {
    const { roomId } = await membership.upgradeRoom(caller, params.roomId, {
      newVersion: body.new_version,
      additionalCreators: body.additional_creators ?? [],
    });
    return { replacement_room: roomId };
  },
});
