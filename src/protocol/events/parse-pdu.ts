// Reads a PDU of another server: checks its format for the room version and makes the texts that later checks need.
// Server-Server API, "Checks performed on receipt of a PDU", the first; room versions, "Event format".

import { parseJsonLossless } from '../canonical-json/parse-json.ts';
import { badJson } from '../errors/matrix-error.ts';
import type { EventId, RoomId, UserId } from '../ids/branded.ts';
import { isEventIdWithServer } from '../ids/event-id.ts';
import { isRoomId, roomIdOfCreate } from '../ids/room-id.ts';
import { isUserId } from '../ids/user-id.ts';
import type { RoomVersion } from '../room-versions/room-version.ts';
import { checkEventSize } from './check-event-size.ts';
import { eventIdOfSignedText } from './event-hashes.ts';
import { isJsonObject, type Json, type JsonObject } from './json.ts';
import {
  checkSignatures,
  integerField,
  objectField,
  optionalStringField,
  referencesField,
  stringField,
} from './pdu-fields.ts';
import { type PduTexts, pduTexts } from './pdu-texts.ts';
import { redactsOf } from './redacts-of.ts';
import type { RoomEvent } from './room-event.ts';

export interface ParsedPdu extends PduTexts {
  readonly event: RoomEvent;
  /** The wire form without `unsigned`, which nothing vouches for. */
  readonly pdu: JsonObject;
  /** The content hash that the event claims. */
  readonly hashes: { readonly sha256: string };
}

export interface ParseOptions {
  /** false: for events that come as history or state, where too many references must be borne. Default true. */
  readonly limitReferences?: boolean;
}

const authEventsMax = 10;
const prevEventsMax = 20;

/**
 * `wire`: JSON text, or a value of parseJsonLossless. Signatures and hashes are not checked here: use `signedText`,
 * `hashedText` and `hashes`. Throws M_BAD_JSON naming what is wrong, M_NOT_JSON, or M_TOO_LARGE: the event is to be dropped.
 */
export const parsePdu = (wire: Json, version: RoomVersion, options: ParseOptions = {}): ParsedPdu => {
  const value = typeof wire === 'string' ? parseJsonLossless(wire) : wire;
  if (!isJsonObject(value)) throw badJson('An event must be an object');
  const { unsigned: _unsigned, ...pdu } = value;
  const texts = pduTexts(pdu, version);
  const sha256 = stringField(objectField(pdu, 'hashes'), 'sha256');
  checkSignatures(pdu);
  const event = roomEvent(pdu, texts, version, options.limitReferences ?? true);
  checkEventSize(event, texts.pduJson);
  return { ...texts, event, pdu, hashes: { sha256 } };
};

const roomEvent = (pdu: JsonObject, texts: PduTexts, version: RoomVersion, limitReferences: boolean): RoomEvent => {
  const eventId =
    version.eventIdFormat === 'chosen' ? chosenEventId(pdu) : eventIdOfSignedText(texts.signedText, version);
  const type = stringField(pdu, 'type');
  const content = objectField(pdu, 'content');
  const [authMax, prevMax] = limitReferences ? [authEventsMax, prevEventsMax] : [Infinity, Infinity];
  return {
    eventId,
    roomId: roomIdOf(pdu, type, eventId, version),
    type,
    stateKey: optionalStringField(pdu, 'state_key'),
    sender: senderOf(pdu),
    content,
    originServerTs: integerField(pdu, 'origin_server_ts'),
    depth: depthOf(pdu),
    prevEvents: referencesField(pdu, 'prev_events', version, prevMax),
    authEvents: referencesField(pdu, 'auth_events', version, authMax),
    redacts: redactsOf(type, version.redactsInContent ? content : pdu),
  };
};

/** v1–2: `$opaque_id:domain`. */
const chosenEventId = (pdu: JsonObject): EventId => {
  const id = stringField(pdu, 'event_id');
  if (!isEventIdWithServer(id)) throw badJson('event_id must be an event ID with a server name');
  return id;
};

/** Since v12: "Room identifier. Omitted from m.room.create events." */
const roomIdOf = (pdu: JsonObject, type: string, eventId: EventId, version: RoomVersion): RoomId => {
  if (version.roomIdIsCreateHash && type === 'm.room.create') {
    if (Object.hasOwn(pdu, 'room_id')) throw badJson('m.room.create must have no room_id in this room version');
    return roomIdOfCreate(eventId);
  }
  const id = stringField(pdu, 'room_id');
  if (!isRoomId(id)) throw badJson('room_id must be a room ID');
  return id;
};

/** "servers must still accept events using such user IDs over federation" (historical user IDs). */
const senderOf = (pdu: JsonObject): UserId => {
  const sender = stringField(pdu, 'sender');
  if (!isUserId(sender, 'historical')) throw badJson('sender must be a user ID');
  return sender;
};

const depthOf = (pdu: JsonObject): number => {
  const depth = integerField(pdu, 'depth');
  if (depth < 0) throw badJson('depth must not be negative');
  return depth;
};
