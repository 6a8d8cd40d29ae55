// PUT /_matrix/federation/v1/exchange_third_party_invite: somebody invited by e-mail address turns out to be this user.

import type { Federation } from '../../../federation/federation.ts';
import { endpoint } from '../../../http/inbound/endpoint.ts';
import { roomIdParam } from '../../../http/inbound/params.ts';
import { invalidParam } from '../../../protocol/errors/matrix-error.ts';
import { isJsonObject } from '../../../protocol/events/json.ts';
import { isUserId } from '../../../protocol/ids/user-id.ts';

export const exchangeThirdPartyInvite = endpoint({
  route: 'PUT /_matrix/federation/v1/exchange_third_party_invite/{roomId}',
  spec: 'server-server-api/#put_matrixfederationv1exchange_third_party_inviteroomid',
  auth: 'server',
  limit: 'none',
  params: { roomId: roomIdParam },
  body: 'object',
  async handle({ caller, params: { roomId }, body }, { federation: { handshakes } }: { federation: Federation }) {
    const { type, room_id: room, sender, state_key: target, content } = body;
    const thirdPartyInvite = isJsonObject(content) ? content.third_party_invite : undefined;
    if (type !== 'm.room.member' || (room !== undefined && room !== roomId) || !isJsonObject(thirdPartyInvite)) {
      throw invalidParam('The body must be an m.room.member event of this room with a third_party_invite.');
    }
    if (typeof sender !== 'string' || !isUserId(sender)) throw invalidParam('sender must be a user ID.');
    if (typeof target !== 'string' || !isUserId(target)) throw invalidParam('state_key must be a user ID.');
    const invite = { roomId, sender, target, thirdPartyInvite };
    await handshakes.resident.exchangeThirdPartyInvite(caller.serverName, invite);
    return {};
  },
});
