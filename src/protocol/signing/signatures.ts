// The `signatures` object of signed JSON, read from values that strangers wrote.
// Appendices, "Checking for a Signature".

import { asJsonObject, isJsonObject, type Json, type JsonObject } from '../events/json.ts';

/**
 * The ed25519 signatures of `name`, by key id; empty when there are none. "Removes any signing key identifiers from the
 * entry with algorithms it doesn't understand."
 */
export const signaturesOf = (value: JsonObject, name: string): ReadonlyMap<string, string> => {
  const found = new Map<string, string>();
  const all = own(value, 'signatures');
  const entry = all === undefined ? undefined : own(all, name);
  if (typeof entry !== 'object' || entry === null) return found;
  for (const [keyId, signature] of Object.entries(entry)) {
    if (keyId.startsWith('ed25519:') && typeof signature === 'string') found.set(keyId, signature);
  }
  return found;
};

/** The `signatures` object of `value` with one more signature in it, the others kept. */
export const withSignature = (value: JsonObject, name: string, keyId: string, signature: string): JsonObject => {
  const all = asJsonObject(own(value, 'signatures'));
  return { ...all, [name]: { ...asJsonObject(own(all, name)), [keyId]: signature } };
};

const own = (value: Json, key: string): Json | undefined =>
  isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
