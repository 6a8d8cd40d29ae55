// Whether an identity server's key, named by an m.room.third_party_invite, signed the token that an invite redeems.

import { verify } from '../../lib/ed25519/ed25519.ts';
import { canonicalJson } from '../canonical-json/canonical-json.ts';
import { isJsonObject, type Json, type JsonObject } from '../events/json.ts';
import type { RoomVersion } from '../room-versions/room-version.ts';

/** More than any real invite has; each attempt costs about 60 µs and strangers choose how many there are. */
const attemptsMax = 256;

/**
 * "If any signature in signed matches any public key in the m.room.third_party_invite event, allow. The public keys are
 * in content of m.room.third_party_invite as: a single public key in the public_key property; a list of public keys in
 * the public_keys property." Only the first 256 pairs of a signature and a key are tried.
 */
export function isSignedByTokenKey(signed: JsonObject, issued: JsonObject, version: RoomVersion): boolean {
  const keys = publicKeysOf(issued);
  const signatures = signaturesOf(signed.signatures);
  if (keys.length === 0 || signatures.length === 0) return false;
  const { signatures: _signatures, unsigned: _unsigned, ...bare } = signed;
  const message = Buffer.from(canonicalJson(bare, version.strictCanonicalJson ? 'strict' : 'lossless'));
  let attempts = 0;
  for (const signature of signatures) {
    for (const key of keys) {
      if (attempts++ === attemptsMax) return false;
      if (verify(message, signature, key)) return true;
    }
  }
  return false;
}

function publicKeysOf(issued: JsonObject): Buffer[] {
  const texts: (Json | undefined)[] = [issued.public_key];
  if (Array.isArray(issued.public_keys)) {
    for (const entry of issued.public_keys) if (isJsonObject(entry)) texts.push(entry.public_key);
  }
  return texts.flatMap((text) => decode(text, 32));
}

/** The ed25519 signatures of all servers. */
function signaturesOf(signatures: Json | undefined): Buffer[] {
  if (!isJsonObject(signatures)) return [];
  return Object.values(signatures)
    .filter(isJsonObject)
    .flatMap((byKey) => Object.entries(byKey))
    .filter(([keyId]) => keyId.startsWith('ed25519:'))
    .flatMap(([, signature]) => decode(signature, 64));
}

/** Standard and URL-safe base64; empty: not bytes of this length. */
function decode(text: Json | undefined, sizeBytes: number): Buffer[] {
  if (typeof text !== 'string' || text.length > 2 * sizeBytes) return [];
  const bytes = Buffer.from(text, 'base64');
  return bytes.length === sizeBytes ? [bytes] : [];
}
