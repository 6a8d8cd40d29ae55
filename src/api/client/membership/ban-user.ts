// POST /_matrix/client/v3/rooms/{roomId}/ban: keeps a user out of the room.

import { endpoint } from '../../../http/inbound/endpoint.ts';
import { roomIdParam } from '../../../http/inbound/params.ts';
import type { Membership } from '../../../membership/membership.ts';
import { targetBody, targetOf } from './reason-body.ts';

export const banUser = endpoint({
  route: 'POST /_matrix/client/v3/rooms/{roomId}/ban',
  also: ['POST /_matrix/client/r0/rooms/{roomId}/ban'],
  spec: 'client-server-api/#post_matrixclientv3roomsroomidban',
  auth: 'user',
  limit: 'message',
  refusesSuspended: true,
  params: { roomId: roomIdParam },
  body: targetBody,
  async handle({ caller, params, body }, { membership }: { membership: Membership }) {
    await membership.ban(caller, params.roomId, targetOf(body), body.reason);
    return {};
  },
});
