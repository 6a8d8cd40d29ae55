// POST /_matrix/client/v3/rooms/{roomId}/invite: invites a user, by user ID; third-party identifiers are refused.

import { endpoint } from '../../../http/inbound/endpoint.ts';
import { roomIdParam } from '../../../http/inbound/params.ts';
import { Type } from '../../../lib/json-schema.ts';
import { withReason } from '../../../membership/member-content.ts';
import type { Membership } from '../../../membership/membership.ts';
import { missingParam, threepidDenied } from '../../../protocol/errors/matrix-error.ts';
import { targetOf } from './reason-body.ts';

export const inviteUser = endpoint({
  route: 'POST /_matrix/client/v3/rooms/{roomId}/invite',
  also: ['POST /_matrix/client/r0/rooms/{roomId}/invite'],
  spec: 'client-server-api/#post_matrixclientv3roomsroomidinvite',
  auth: 'user',
  limit: 'invite',
  refusesSuspended: true,
  params: { roomId: roomIdParam },
  body: Type.Object({
    user_id: Type.Optional(Type.String()),
    reason: Type.Optional(Type.String()),
    address: Type.Optional(Type.String()),
  }),
  async handle({ caller, params, body }, { membership }: { membership: Membership }) {
    const { user_id: userId, address, reason } = body;
    if (userId === undefined) {
      if (address === undefined) throw missingParam('Missing from the body: user_id.');
      throw threepidDenied('This server cannot invite by e-mail address or phone number.');
    }
    await membership.invite(caller, params.roomId, targetOf({ user_id: userId }), withReason(reason));
    return {};
  },
});
