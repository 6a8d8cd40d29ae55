// POST /_matrix/client/v3/rooms/{roomId}/unban: lifts a ban.

import { endpoint } from '../../../http/inbound/endpoint.ts';
import { roomIdParam } from '../../../http/inbound/params.ts';
import type { Membership } from '../../../membership/membership.ts';
import { targetBody, targetOf } from './reason-body.ts';

export const unbanUser = endpoint({
  route: 'POST /_matrix/client/v3/rooms/{roomId}/unban',
  also: ['POST /_matrix/client/r0/rooms/{roomId}/unban'],
  spec: 'client-server-api/#post_matrixclientv3roomsroomidunban',
  auth: 'user',
  limit: 'message',
  refusesSuspended: true,
  params: { roomId: roomIdParam },
  body: targetBody,
  async handle({ caller, params, body }, { membership }: { membership: Membership }) {
    await membership.unban(caller, params.roomId, targetOf(body), body.reason);
    return {};
  },
});
