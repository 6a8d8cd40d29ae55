// Joins, knocks and leaves of other servers' users, signed by their servers: checked, signed where this server vouches for
// them, and taken into the room. Server-Server API, send_join, send_knock, send_leave.

import { forbidden, invalidParam, MatrixError } from '../../../protocol/errors/matrix-error.ts';
import type { JsonObject } from '../../../protocol/events/json.ts';
import { type ParsedPdu, parsePdu } from '../../../protocol/events/parse-pdu.ts';
import type { EventId, RoomId, ServerName, UserId } from '../../../protocol/ids/branded.ts';
import { serverOf } from '../../../protocol/ids/id-parts.ts';
import { isUserId } from '../../../protocol/ids/user-id.ts';
import { addEventSignature } from '../../../protocol/signing/sign-event.ts';
import type { Fate, IncomingEvent } from '../../../rooms/receive/incoming.ts';
import type { RoomView } from '../../../rooms/state/room-view.ts';
import { oweForward } from '../../../storage/stores/outgoing-events.ts';
import type { HandshakeDeps, HandshakeKind } from '../deps.ts';
import { authoriserFor } from './admission.ts';
import { roomFor } from './room-for.ts';

export interface GivenMember {
  readonly kind: HandshakeKind;
  readonly roomId: RoomId;
  readonly eventId: EventId;
  /** A value of parseJsonLossless. */
  readonly wire: JsonObject;
}

export interface TakenMember {
  /** As it was before. */
  readonly room: RoomView;
  readonly event: IncomingEvent;
}

/** Throws M_INVALID_PARAM, M_NOT_FOUND, M_FORBIDDEN with the rule, and what authoriserFor and the room's policy server throw. */
export const takeMember = async (deps: HandshakeDeps, origin: ServerName, given: GivenMember): Promise<TakenMember> => {
  const room = await roomFor(deps, origin, given.roomId);
  const parsed = read(given.wire, room);
  check(parsed, origin, given);
  const wire = await vouchedFor(deps, room, parsed);
  const [verified] = await deps.verify.verifyPdus([wire], room.version, origin);
  if (!verified?.ok) throw invalidParam(verified?.reason ?? 'The event cannot be verified.');
  const { event: theirs } = verified;
  if (theirs.contentJson !== parsed.contentJson) throw invalidParam('The content hash of the event is wrong.');
  const event = await deps.rooms.withPolicySignature(room.roomId, theirs);
  const [fate] = await deps.rooms.receive.accept(room.roomId, [event], {
    as: 'new',
    onMissing: 'wait',
    isForwarded: true,
  });
  await checkFate(deps, fate!);
  return { room, event };
};

const read = (wire: JsonObject, room: RoomView): ParsedPdu => {
  try {
    return parsePdu(wire, room.version);
  } catch (error) {
    if (error instanceof MatrixError) throw invalidParam(`The event is malformed: ${error.message}`, { cause: error });
    throw error;
  }
};

/** "servers SHOULD return M_INVALID_PARAM if …" */
const check = ({ event }: ParsedPdu, origin: ServerName, { kind, roomId, eventId }: GivenMember): void => {
  if (event.roomId !== roomId) throw invalidParam('The event is of another room.');
  if (event.eventId !== eventId) throw invalidParam(`The event has another id: ${event.eventId}.`);
  if (event.type !== 'm.room.member') throw invalidParam('The event type is not m.room.member.');
  if (event.content.membership !== kind) throw invalidParam(`The membership is not ${kind}.`);
  if (serverOf(event.sender) !== origin) throw invalidParam(`The sender is not a user of ${origin}.`);
  if (event.stateKey !== event.sender) throw invalidParam('The state_key is not the sender.');
};

/** With this server's signature where one of its users is named as the one who lets them in. */
const vouchedFor = async (deps: HandshakeDeps, room: RoomView, { event, pdu }: ParsedPdu): Promise<JsonObject> => {
  const { membership, join_authorised_via_users_server: named } = event.content;
  if (membership !== 'join' || typeof named !== 'string' || !room.version.allowRestrictedJoins) return pdu;
  if (!isUserId(named) || serverOf(named as UserId) !== deps.serverName) return pdu;
  await authoriserFor(deps, room, event.sender);
  return addEventSignature(pdu, room.version, { name: deps.serverName, key: deps.identity.signingKey });
};

const checkFate = async ({ db, rooms }: HandshakeDeps, fate: Fate): Promise<void> => {
  switch (fate.fate) {
    case 'accepted':
      return;
    case 'known': {
      const stored = (await rooms.receive.stored([fate.eventId])).get(fate.eventId);
      if (!stored || stored.isRejected) throw forbidden('The event was rejected before.');
      return;
    }
    case 'waiting':
      throw invalidParam('The event refers to events that this server does not have.');
    case 'rejected':
    case 'soft-failed':
      // What is judged again may come out otherwise; then the others in the room have to hear of it.
      await db.write(oweForward, fate.eventId);
      throw forbidden(`The room does not allow this. Rule ${fate.failed.rule}: ${fate.failed.sentence}`);
  }
};
