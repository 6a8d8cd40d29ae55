// POST /_matrix/client/v3/rooms/{roomId}/kick: makes a user leave the room.

import { endpoint } from '../../../http/inbound/endpoint.ts';
import { roomIdParam } from '../../../http/inbound/params.ts';
import type { Membership } from '../../../membership/membership.ts';
import { targetBody, targetOf } from './reason-body.ts';

export const kickUser = endpoint({
  route: 'POST /_matrix/client/v3/rooms/{roomId}/kick',
  also: ['POST /_matrix/client/r0/rooms/{roomId}/kick'],
  spec: 'client-server-api/#post_matrixclientv3roomsroomidkick',
  auth: 'user',
  limit: 'message',
  refusesSuspended: true,
  params: { roomId: roomIdParam },
  body: targetBody,
  async handle({ caller, params, body }, { membership }: { membership: Membership }) {
    await membership.kick(caller, params.roomId, targetOf(body), body.reason);
    return {};
  },
});
