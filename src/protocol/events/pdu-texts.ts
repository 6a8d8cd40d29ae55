// The canonical texts of a PDU that hashes, signatures and storage need, made in one pass over its keys.
// Server-Server API, "Signing Events".

import { canonicalJson, canonicalString, sortedKeys } from '../canonical-json/canonical-json.ts';
import { redactContent } from '../redaction/redact.ts';
import type { RoomVersion } from '../room-versions/room-version.ts';
import { isJsonObject, type Json, type JsonObject } from './json.ts';

export interface PduTexts {
  /** The whole event but `unsigned`: what the size limit counts and what other servers get. */
  readonly pduJson: string;
  readonly contentJson: string;
  /** The keys that are not in columns of their own: neither content nor those of EventParts, nor `unsigned`. */
  readonly restJson: string;
  /** What the content hash covers: all but `hashes`, `signatures` and `unsigned`. */
  readonly hashedText: string;
  /** What signatures and the reference hash cover: the redacted event without `signatures`. */
  readonly signedText: string;
}

/** Throws M_BAD_JSON for what has no canonical form in this room version. */
export const pduTexts = (pdu: JsonObject, version: RoomVersion): PduTexts => {
  const mode = version.strictCanonicalJson ? 'strict' : 'lossless';
  const keptByRedaction = version.redaction.topLevel;
  const inColumns = columnKeys(version);
  let [pduJson, restJson, hashedText, signedText, contentJson] = ['', '', '', '', '{}'];
  for (const key of sortedKeys(pdu)) {
    if (key === 'unsigned') continue;
    const value = pdu[key]!;
    const text = canonicalJson(value, mode);
    const member = `,${canonicalString(key, mode)}:${text}`;
    pduJson += member;
    if (key === 'content') {
      contentJson = text;
      hashedText += member;
      signedText += `,"content":${redactedContentJson(pdu.type, value, text, version)}`;
      continue;
    }
    if (key !== 'hashes' && key !== 'signatures') hashedText += member;
    if (key !== 'signatures' && keptByRedaction.includes(key)) signedText += member;
    if (!inColumns.has(key) || needsExactText(key, value)) restJson += member;
  }
  return {
    pduJson: object(pduJson),
    contentJson,
    restJson: object(restJson),
    hashedText: object(hashedText),
    signedText: object(signedText),
  };
};

const object = (members: string): string => `{${members.slice(1)}}`;

const redactedContentJson = (type: Json | undefined, content: Json, text: string, version: RoomVersion): string => {
  if (typeof type !== 'string' || !isJsonObject(content)) return text;
  const redacted = redactContent(type, content, version);
  if (redacted === content) return text;
  return canonicalJson(redacted, version.strictCanonicalJson ? 'strict' : 'lossless');
};

const columns = ['type', 'state_key', 'sender', 'room_id', 'origin_server_ts', 'depth'];
const columnsSinceV3: ReadonlySet<string> = new Set(columns);
const columnsUntilV2: ReadonlySet<string> = new Set([...columns, 'event_id']);

/** Since v3 an `event_id` in the wire form is only some unknown key of its sender, and is kept as such. */
const columnKeys = (version: RoomVersion): ReadonlySet<string> =>
  version.eventIdFormat === 'chosen' ? columnsUntilV2 : columnsSinceV3;

/** v1–5: a depth or timestamp beyond ±(2^53-1) does not fit the column of numbers. */
const needsExactText = (key: string, value: Json): boolean =>
  (key === 'depth' || key === 'origin_server_ts') && !Number.isSafeInteger(value);
