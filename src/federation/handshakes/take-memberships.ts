// Events of rooms that this server is not in, which other servers send because they are about a user who is invited or knocks:
// the invite was taken back, the knock declined, the user banned.

import { isJsonObject, type Json } from '../../protocol/events/json.ts';
import type { RoomId, ServerName, UserId } from '../../protocol/ids/branded.ts';
import { serverOf } from '../../protocol/ids/id-parts.ts';
import { isRoomId } from '../../protocol/ids/room-id.ts';
import { isUserId } from '../../protocol/ids/user-id.ts';
import { roomVersion } from '../../protocol/room-versions/room-versions.ts';
import { findUser } from '../../storage/stores/names.ts';
import { type OutOfBandMembership, outOfBandOf } from '../../storage/stores/out-of-band.ts';
import type { HandshakeDeps } from './deps.ts';
import { keepOutOfBand } from './out-of-band.ts';

const ENDINGS: ReadonlySet<unknown> = new Set(['leave', 'ban']);

/**
 * Whether the event (a value of parseJsonLossless) ended such an invite or knock. It is believed when it is signed by its
 * sender's server and they could send it.
 */
export const takeMembership = async (deps: HandshakeDeps, origin: ServerName, wire: Json): Promise<boolean> => {
  if (!isJsonObject(wire) || wire.type !== 'm.room.member' || !isJsonObject(wire.content)) return false;
  const { room_id: roomId, state_key: target, sender } = wire;
  if (typeof roomId !== 'string' || !isRoomId(roomId) || typeof target !== 'string' || !isUserId(target)) return false;
  if (typeof sender !== 'string' || !isUserId(sender) || serverOf(target) !== deps.serverName) return false;
  if (!ENDINGS.has(wire.content.membership)) return false;
  const known = await membershipOf(deps, roomId, target);
  const version = known && roomVersion(known.version);
  if (!known || !version || !isCredible(known, sender, target)) return false;
  const [verified] = await deps.verify.verifyPdus([wire], version, origin);
  if (!verified?.ok) return false;
  await keepOutOfBand(deps, verified.event, version, undefined);
  return true;
};

const membershipOf = ({ db }: HandshakeDeps, roomId: RoomId, userId: UserId) =>
  db.read(async (tx) => {
    const user = await findUser(tx, userId);
    return user === undefined ? undefined : outOfBandOf(tx, user, roomId);
  });

/**
 * What the room allows is not known here. An invite may be taken back by who sent it, a knock be declined by anybody of the
 * room, of which no more is known.
 */
const isCredible = ({ membership, sender: inviter }: OutOfBandMembership, sender: UserId, target: UserId): boolean =>
  membership === 'knock' || sender === target || sender === inviter;
