// What is kept of a key object that a user uploads.

import { ownValue } from '../protocol/auth-rules/own-value.ts';
import { canonicalJson } from '../protocol/canonical-json/canonical-json.ts';
import { isJsonObject, type JsonObject } from '../protocol/events/json.ts';
import type { UserId } from '../protocol/ids/branded.ts';

/**
 * Canonical JSON of the object without `unsigned`, which is the server's to fill, and without others' signatures, which
 * everybody would see ("To avoid leaking of social graphs"). Throws M_BAD_JSON for what has no canonical form.
 */
export const keptText = (key: JsonObject, owner: UserId): string => {
  const { unsigned: _unsigned, signatures, ...rest } = key;
  if (!isJsonObject(signatures)) return canonicalJson(rest);
  const own = ownValue(signatures, owner);
  return canonicalJson({ ...rest, signatures: own === undefined ? {} : { [owner]: own } });
};
