// The server of somebody who was invited by e-mail address or phone number has them invited by their user id.
// Server-Server API, "PUT /exchange_third_party_invite".

import { forbidden, invalidParam } from '../../../protocol/errors/matrix-error.ts';
import { isJsonObject, type JsonObject } from '../../../protocol/events/json.ts';
import type { RoomId, ServerName, UserId } from '../../../protocol/ids/branded.ts';
import { serverOf } from '../../../protocol/ids/id-parts.ts';
import type { HandshakeDeps } from '../deps.ts';
import { roomFor } from '../resident/room-for.ts';
import { inviteRemote } from './invite-remote.ts';

export interface ThirdPartyInvite {
  readonly roomId: RoomId;
  /** Who sent the m.room.third_party_invite. */
  readonly sender: UserId;
  readonly target: UserId;
  /** With `signed` by the identity server, which the authorisation rules check. */
  readonly thirdPartyInvite: JsonObject;
}

/** Throws M_NOT_FOUND, M_FORBIDDEN with the rule, M_INVALID_PARAM, and what inviteRemote throws. */
export const exchangeThirdPartyInvite = async (
  deps: HandshakeDeps,
  origin: ServerName,
  { roomId, sender, target, thirdPartyInvite }: ThirdPartyInvite,
): Promise<void> => {
  const room = await roomFor(deps, origin, roomId);
  if (serverOf(target) !== origin) throw forbidden(`${target} is not a user of ${origin}.`);
  if (serverOf(sender) !== deps.serverName) throw invalidParam(`${sender} is not a user of this server.`);
  const { signed } = thirdPartyInvite;
  const token = isJsonObject(signed) ? signed.token : undefined;
  if (typeof token !== 'string') throw invalidParam('third_party_invite.signed.token is missing.');
  const invite = await room.get('m.room.third_party_invite', token);
  if (invite?.sender !== sender) throw forbidden(`There is no such m.room.third_party_invite of ${sender}.`);
  await inviteRemote(deps, { roomId, sender, target, content: { third_party_invite: thirdPartyInvite } });
};
