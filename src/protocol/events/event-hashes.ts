// Content hash, reference hash and event id.
// Server-Server API, "Calculating the content hash for an event" and "Calculating the reference hash for an event".

import { hash } from 'node:crypto';
import { badJson } from '../errors/matrix-error.ts';
import type { EventId } from '../ids/branded.ts';
import type { RoomVersion } from '../room-versions/room-version.ts';
import type { JsonObject } from './json.ts';
import { pduTexts } from './pdu-texts.ts';
import { decodeBase64 } from './unpadded-base64.ts';

/** SHA-256 of the text in UTF-8, in unpadded base64 of 43 digits. */
export const sha256Base64 = (text: string): string => hash('sha256', text, 'base64').slice(0, 43);

export const contentHash = (pdu: JsonObject, version: RoomVersion): string =>
  sha256Base64(pduTexts(pdu, version).hashedText);

/** In standard unpadded base64. */
export const referenceHash = (pdu: JsonObject, version: RoomVersion): string =>
  sha256Base64(pduTexts(pdu, version).signedText);

/** Throws M_BAD_JSON in versions 1 and 2 when the event carries no id. */
export const eventIdOf = (pdu: JsonObject, version: RoomVersion): EventId => {
  if (version.eventIdFormat !== 'chosen') return eventIdOfSignedText(pduTexts(pdu, version).signedText, version);
  if (typeof pdu.event_id !== 'string') throw badJson('event_id must be a string');
  return pdu.event_id as EventId;
};

/** Since v3, from the text of PduTexts.signedText. */
export const eventIdOfSignedText = (signedText: string, version: RoomVersion): EventId => {
  // v3: "Unpadded Base64, prefixed with $". Since v4: the URL-safe alphabet.
  const id =
    version.eventIdFormat === 'reference-hash-url-safe'
      ? hash('sha256', signedText, 'base64url')
      : sha256Base64(signedText);
  return `$${id}` as EventId;
};

/**
 * "The content hash in the hashes property of the received event is base64-decoded, and the two are compared for equality."
 * `hashedText` is that of PduTexts.
 */
export const contentHashMatches = (hashes: { readonly sha256: string }, hashedText: string): boolean =>
  hashes.sha256 === sha256Base64(hashedText) ||
  decodeBase64(hashes.sha256)?.equals(hash('sha256', hashedText, 'buffer')) === true;
