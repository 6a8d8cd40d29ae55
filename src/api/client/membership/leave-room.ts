// POST /_matrix/client/v3/rooms/{roomId}/leave: leaves a room, declines an invite or takes back a knock.

import { endpoint } from '../../../http/inbound/endpoint.ts';
import { roomIdParam } from '../../../http/inbound/params.ts';
import type { Membership } from '../../../membership/membership.ts';
import { reasonBody } from './reason-body.ts';

export const leaveRoom = endpoint({
  route: 'POST /_matrix/client/v3/rooms/{roomId}/leave',
  also: ['POST /_matrix/client/r0/rooms/{roomId}/leave'],
  spec: 'client-server-api/#post_matrixclientv3roomsroomidleave',
  auth: 'guest',
  limit: 'message',
  params: { roomId: roomIdParam },
  body: reasonBody,
  async handle({ caller, params, body }, { membership }: { membership: Membership }) {
    await membership.leave(caller, params.roomId, body.reason);
    return {};
  },
});
