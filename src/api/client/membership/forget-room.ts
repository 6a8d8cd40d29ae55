// POST /_matrix/client/v3/rooms/{roomId}/forget: forgets a room that the caller left.

import { endpoint } from '../../../http/inbound/endpoint.ts';
import { roomIdParam } from '../../../http/inbound/params.ts';
import type { Membership } from '../../../membership/membership.ts';

export const forgetRoom = endpoint({
  route: 'POST /_matrix/client/v3/rooms/{roomId}/forget',
  also: ['POST /_matrix/client/r0/rooms/{roomId}/forget'],
  spec: 'client-server-api/#post_matrixclientv3roomsroomidforget',
  auth: 'user',
  limit: 'message',
  params: { roomId: roomIdParam },
  async handle({ caller, params }, { membership }: { membership: Membership }) {
    await membership.forget(caller, params.roomId);
    return {};
  },
});
