// Readers of a PDU's fields that refuse a field of the wrong shape with its name.
// Room versions, "Event format".

import { isRawNumber } from '../canonical-json/raw-number.ts';
import { badJson } from '../errors/matrix-error.ts';
import type { EventId } from '../ids/branded.ts';
import { isEventId } from '../ids/event-id.ts';
import type { RoomVersion } from '../room-versions/room-version.ts';
import { isJsonObject, type Json, type JsonObject } from './json.ts';

const own = (pdu: JsonObject, key: string): Json | undefined => (Object.hasOwn(pdu, key) ? pdu[key] : undefined);

export const stringField = (pdu: JsonObject, key: string): string => {
  const value = own(pdu, key);
  if (typeof value !== 'string') throw badJson(`${key} must be a string`);
  return value;
};

export const optionalStringField = (pdu: JsonObject, key: string): string | undefined =>
  Object.hasOwn(pdu, key) ? stringField(pdu, key) : undefined;

export const objectField = (pdu: JsonObject, key: string): JsonObject => {
  const value = own(pdu, key);
  if (!isJsonObject(value)) throw badJson(`${key} must be an object`);
  return value;
};

/**
 * An integer of at most 64 bits. v1–5: beyond ±(2^53-1) it is cut to that limit; the PDU keeps the exact one. Since v6
 * canonical JSON allows no such number.
 */
export const integerField = (pdu: JsonObject, key: string): number => {
  const value = own(pdu, key);
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  if (isRawNumber(value) && /^-?\d{1,19}$/.test(value.source)) {
    const exact = BigInt(value.source);
    if (BigInt.asIntN(64, exact) === exact) return exact < 0n ? Number.MIN_SAFE_INTEGER : Number.MAX_SAFE_INTEGER;
  }
  throw badJson(`${key} must be an integer`);
};

/** `limit`: how many there may be. */
export const referencesField = (pdu: JsonObject, key: string, version: RoomVersion, limit: number): EventId[] => {
  const value = own(pdu, key);
  if (!Array.isArray(value)) throw badJson(`${key} must be an array`);
  if (value.length > limit) throw badJson(`${key} must have at most ${limit} events`);
  return value.map((reference) => {
    const id = version.eventReferencesArePairs ? idOfPair(reference) : reference;
    if (typeof id !== 'string' || !isEventId(id)) throw badJson(`${key} holds what is no event reference`);
    return id;
  });
};

/** v1–2: "Event IDs and reference hashes". */
const idOfPair = (reference: Json): Json | undefined =>
  Array.isArray(reference) && reference.length === 2 && isJsonObject(reference[1]) ? reference[0] : undefined;

/** Server names to key ids to signatures. */
export const checkSignatures = (pdu: JsonObject): void => {
  for (const entry of Object.values(objectField(pdu, 'signatures'))) {
    if (!isJsonObject(entry) || !Object.values(entry).every((signature) => typeof signature === 'string')) {
      throw badJson('signatures must hold objects of strings');
    }
  }
};
