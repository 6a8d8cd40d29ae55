// The redacted form of an event that is kept as texts: what stays of its content and of its other members.

import { canonicalJson } from '../canonical-json/canonical-json.ts';
import { parseJsonLossless } from '../canonical-json/parse-json.ts';
import type { JsonObject } from '../events/json.ts';
import type { RoomVersion } from '../room-versions/room-version.ts';
import { redactContent } from './redact.ts';

export interface StoredTexts {
  readonly type: string;
  /** Canonical JSON of the content, and of the members that have no column (PduTexts.restJson). */
  readonly content: string;
  readonly rest: string;
}

export const redactStored = (stored: StoredTexts, version: RoomVersion): { content: string; rest: string } => {
  const mode = version.strictCanonicalJson ? 'strict' : 'lossless';
  const content = parseJsonLossless(stored.content) as JsonObject;
  const members = parseJsonLossless(stored.rest) as JsonObject;
  const kept: JsonObject = {};
  for (const key of [...version.redaction.topLevel, 'signatures', 'hashes']) {
    if (Object.hasOwn(members, key)) kept[key] = members[key]!;
  }
  return {
    content: canonicalJson(redactContent(stored.type, content, version), mode),
    rest: canonicalJson(kept, mode),
  };
};
