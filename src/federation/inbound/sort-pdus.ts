// What becomes of each event of a transaction before the transaction is answered: it waits to be judged, or it is refused.
// Server-Server API, "Transactions" and "Server Access Control Lists (ACLs)".

import { MatrixError } from '../../protocol/errors/matrix-error.ts';
import { isJsonObject, type Json, type JsonObject } from '../../protocol/events/json.ts';
import { type ParsedPdu, parsePdu } from '../../protocol/events/parse-pdu.ts';
import type { RoomId, ServerName } from '../../protocol/ids/branded.ts';
import { isEventId } from '../../protocol/ids/event-id.ts';
import { isRoomId } from '../../protocol/ids/room-id.ts';
import type { RoomVersion } from '../../protocol/room-versions/room-version.ts';
import { mayTakePart } from '../../protocol/server-acl/server-acl.ts';
import type { SharedRoom, SharedRooms } from './shared-rooms.ts';

export interface QueuedPdu {
  readonly roomId: RoomId;
  readonly version: RoomVersion;
  /** Content of the room's m.room.policy. */
  readonly policy: JsonObject | undefined;
  readonly parsed: ParsedPdu;
}

export interface Refusal {
  /** undefined: the event's id cannot be told. */
  readonly eventId: string | undefined;
  readonly roomId: string | undefined;
  readonly kind: 'malformed' | 'unknown-room' | 'denied';
  readonly reason: string;
}

export interface SortedPdus {
  readonly queued: readonly QueuedPdu[];
  readonly refused: readonly Refusal[];
}

/** v1–2 only; since v3 nothing vouches for it, but the sender knows what it called the event. */
const statedId = (pdu: JsonObject): string | undefined =>
  typeof pdu.event_id === 'string' && isEventId(pdu.event_id) ? pdu.event_id : undefined;

const readRoomId = (pdu: Json): RoomId | undefined =>
  isJsonObject(pdu) && typeof pdu.room_id === 'string' && isRoomId(pdu.room_id) ? pdu.room_id : undefined;

const sortOne = (pdu: Json, rooms: ReadonlyMap<RoomId, SharedRoom>, origin: ServerName): QueuedPdu | Refusal => {
  const roomId = readRoomId(pdu);
  const stated = isJsonObject(pdu) ? statedId(pdu) : undefined;
  if (roomId === undefined) return { eventId: stated, roomId, kind: 'malformed', reason: 'room_id must be a room ID' };
  const room = rooms.get(roomId);
  if (!room) return { eventId: stated, roomId, kind: 'unknown-room', reason: 'This server is not in the room' };
  let parsed: ParsedPdu;
  try {
    parsed = parsePdu(pdu, room.version);
  } catch (error) {
    if (!(error instanceof MatrixError)) throw error;
    return { eventId: stated, roomId, kind: 'malformed', reason: error.message };
  }
  // "If the sending server is denied access to the room … the PDU MUST be ignored with an appropriate error."
  if (!mayTakePart(room.acl, origin)) {
    const reason = `The room's server ACL denies ${origin}`;
    return { eventId: parsed.event.eventId, roomId, kind: 'denied', reason };
  }
  return { roomId, version: room.version, policy: room.policy, parsed };
};

export const sortPdus = async (
  pdus: readonly Json[],
  origin: ServerName,
  sharedRooms: SharedRooms,
): Promise<SortedPdus> => {
  const roomIds = new Set(pdus.map(readRoomId).filter((roomId) => roomId !== undefined));
  const rooms = await sharedRooms.find([...roomIds]);
  const queued: QueuedPdu[] = [];
  const refused: Refusal[] = [];
  for (const pdu of pdus) {
    const sorted = sortOne(pdu, rooms, origin);
    if ('parsed' in sorted) queued.push(sorted);
    else refused.push(sorted);
  }
  return { queued, refused };
};

/** "The mapping of event IDs to the result of processing that PDU", as JSON text. */
export const answerText = ({ queued, refused }: SortedPdus): string => {
  const results = new Map<string, string>();
  for (const { parsed } of queued) results.set(parsed.event.eventId, '{}');
  for (const { eventId, reason } of refused) {
    if (eventId !== undefined) results.set(eventId, JSON.stringify({ error: reason }));
  }
  return `{"pdus":{${Array.from(results, ([eventId, result]) => `${JSON.stringify(eventId)}:${result}`).join(',')}}}`;
};
