// The redaction algorithm: the essential keys of an event, which are all that signatures and event ids cover.
// Client-Server API, "Redactions"; room versions, "Redactions".

import { isJsonObject, type JsonObject } from '../events/json.ts';
import type { RoomVersion } from '../room-versions/room-version.ts';

/** A new object that shares what it keeps with `pdu`. Idempotent, and the event id stays the same. */
export const redact = (pdu: JsonObject, version: RoomVersion): JsonObject => {
  const redacted: JsonObject = {};
  for (const key of version.redaction.topLevel) {
    if (Object.hasOwn(pdu, key)) redacted[key] = pdu[key]!;
  }
  const { type, content } = pdu;
  if (typeof type === 'string' && isJsonObject(content)) redacted.content = redactContent(type, content, version);
  return redacted;
};

/** `content` itself when nothing is taken from it for its type, else a new object. */
export const redactContent = (type: string, content: JsonObject, version: RoomVersion): JsonObject => {
  const rules = version.redaction.content;
  const kept = Object.hasOwn(rules, type) ? rules[type]! : [];
  if (kept === 'all') return content;
  const redacted: JsonObject = {};
  for (const key of kept) keep(content, key, redacted);
  return redacted;
};

const keep = (from: JsonObject, path: string, to: JsonObject): void => {
  const dot = path.indexOf('.');
  if (dot === -1) {
    if (Object.hasOwn(from, path)) to[path] = from[path]!;
    return;
  }
  // Since v11: "the `signed` key of the `third_party_invite` key". The object around it stays, even when it is left empty,
  // as in all servers seen; the text can be read both ways, and the reading decides the event id.
  const outer = path.slice(0, dot);
  const inner = Object.hasOwn(from, outer) ? from[outer] : undefined;
  if (!isJsonObject(inner)) return;
  const nested: JsonObject = {};
  keep(inner, path.slice(dot + 1), nested);
  to[outer] = nested;
};
