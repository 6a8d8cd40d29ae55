// POST /_matrix/client/v3/rooms/{roomId}/join: joins a room by its id. Further keys of the body go into the member event.

import { endpoint } from '../../../http/inbound/endpoint.ts';
import { roomIdParam } from '../../../http/inbound/params.ts';
import type { Membership } from '../../../membership/membership.ts';
import { checkReason } from './check-reason.ts';

export const joinRoom = endpoint({
  route: 'POST /_matrix/client/v3/rooms/{roomId}/join',
  also: ['POST /_matrix/client/r0/rooms/{roomId}/join'],
  spec: 'client-server-api/#post_matrixclientv3roomsroomidjoin',
  auth: 'guest',
  limit: 'join',
  refusesSuspended: true,
  params: { roomId: roomIdParam },
  body: 'object',
  async handle({ caller, params, body }, { membership }: { membership: Membership }) {
    await membership.join(caller, params.roomId, checkReason(body));
    return { room_id: params.roomId };
  },
});
