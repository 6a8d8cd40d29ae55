// PUT /_matrix/federation/v1/3pid/onbind: an identity server found out who was invited by e-mail address.

import type { Federation } from '../../../federation/federation.ts';
import type { BoundInvite } from '../../../federation/handshakes/invites/take-bound-invites.ts';
import { endpoint } from '../../../http/inbound/endpoint.ts';
import { invalidParam } from '../../../protocol/errors/matrix-error.ts';
import { isJsonObject, type Json } from '../../../protocol/events/json.ts';
import type { UserId } from '../../../protocol/ids/branded.ts';
import { isRoomId } from '../../../protocol/ids/room-id.ts';
import { isUserId } from '../../../protocol/ids/user-id.ts';

/** Nobody vouches for who calls, and each costs a request to another server. */
const INVITES_MAX = 20;

const readInvite = (value: Json | undefined, target: UserId): BoundInvite => {
  const { room_id: roomId, sender, signed } = isJsonObject(value) ? value : {};
  if (typeof roomId !== 'string' || !isRoomId(roomId)) throw invalidParam('room_id of an invite must be a room ID.');
  if (typeof sender !== 'string' || !isUserId(sender)) throw invalidParam('sender of an invite must be a user ID.');
  if (!isJsonObject(signed) || signed.mxid !== target || typeof signed.token !== 'string') {
    throw invalidParam('signed of an invite must have the mxid and a token.');
  }
  return { roomId, sender, signed };
};

export const onBindThirdPartyId = endpoint({
  route: 'PUT /_matrix/federation/v1/3pid/onbind',
  // So do identity servers.
  also: ['POST /_matrix/federation/v1/3pid/onbind'],
  spec: 'server-server-api/#put_matrixfederationv13pidonbind',
  auth: 'none',
  limit: 'invite',
  params: {},
  body: 'object',
  async handle({ body }, { federation: { handshakes } }: { federation: Federation }) {
    const { mxid: target, invites } = body;
    if (typeof target !== 'string' || !isUserId(target)) throw invalidParam('mxid must be a user ID.');
    if (!Array.isArray(invites) || invites.length > INVITES_MAX) {
      throw invalidParam(`invites must be a list of at most ${INVITES_MAX}.`);
    }
    const bound = invites.map((invite) => readInvite(invite, target));
    await handshakes.takeBoundInvites(target, bound);
    return {};
  },
});
