// Publishing a user's cross-signing keys. Client-Server API, POST /keys/device_signing/upload.

import { forbidden, invalidParam, invalidSignature, missingParam } from '../protocol/errors/matrix-error.ts';
import { isJsonObject, type JsonObject } from '../protocol/events/json.ts';
import { decodeBase64 } from '../protocol/events/unpadded-base64.ts';
import type { UserId } from '../protocol/ids/branded.ts';
import { verifyJsonAsync } from '../protocol/signing/sign-json.ts';
import type { Database } from '../storage/database.ts';
import {
  type CrossSigningKey,
  crossSigningKeysOfUsers,
  type KeyUsage,
  keyUsages,
  replaceCrossSigningKeys,
} from '../storage/stores/cross-signing.ts';
import { bounded, crossSigningKeySizeBytesMax } from './limits.ts';
import { keptText } from './own-signatures.ts';

export type CrossSigningKeys = Readonly<Partial<Record<KeyUsage, JsonObject>>>;

export interface CrossSigningUploader {
  readonly user: number;
  readonly userId: UserId;
  /** They have just proved who they are, or need not. */
  readonly isAuthenticated: boolean;
}

/**
 * `unauthenticated`: the keys would replace others, so the user must authenticate first; nothing is stored. Throws
 * M_MISSING_PARAM when there is no master key, M_INVALID_PARAM for malformed keys, M_INVALID_SIGNATURE for keys that the
 * master key did not sign, M_FORBIDDEN for keys named like a device of the user.
 */
export const uploadCrossSigningKeys = async (
  db: Database,
  uploader: CrossSigningUploader,
  keys: CrossSigningKeys,
): Promise<'stored' | 'unauthenticated'> => {
  const uploads = keyUsages.flatMap((usage) => {
    const key = keys[usage];
    return key === undefined ? [] : [parseCrossSigningKey(uploader.userId, usage, key)];
  });
  for (;;) {
    const outcome = await tryUpload(db, uploader, uploads);
    // Another upload of the same user came between: judge by what is there now.
    if (outcome !== 'moved') return outcome;
  }
};

export interface ParsedKey extends CrossSigningKey {
  readonly object: JsonObject;
}

const tryUpload = async (
  db: Database,
  { user, userId, isAuthenticated }: CrossSigningUploader,
  uploads: readonly ParsedKey[],
): Promise<'stored' | 'unauthenticated' | 'moved'> => {
  const stored = await db.read((tx) => crossSigningKeysOfUsers(tx, [user]));
  const publicKeyOf = (usage: KeyUsage): string | undefined => stored.find((key) => key.usage === usage)?.publicKey;
  const seen = {
    master: publicKeyOf('master'),
    self_signing: publicKeyOf('self_signing'),
    user_signing: publicKeyOf('user_signing'),
  };
  const master = uploads.find((key) => key.usage === 'master')?.publicKey ?? seen.master;
  if (master === undefined) throw missingParam('There is no master key.');
  // A new master key did not sign the old keys, so what is uploaded with it counts as new even if it was there.
  const fresh = uploads.filter((key) => master !== seen.master || key.publicKey !== seen[key.usage]);
  await checkSignedBy(master, userId, uploads);
  if (fresh.length === 0) return 'stored';
  // Since v1.11: no authentication when "there is no existing master signing key uploaded to the homeserver".
  if (seen.master !== undefined && !isAuthenticated) return 'unauthenticated';
  const keys = fresh.map(({ usage, publicKey, content }) => ({ usage, publicKey, content }));
  const outcome = await db.write(replaceCrossSigningKeys, { user, seen, keys });
  // "The public key of one of the keys is the same as one of the user's device IDs".
  if (outcome === 'device') throw forbidden('Key ID in use');
  return outcome;
};

/** Throws M_INVALID_PARAM for what is no key of this user for this use, M_TOO_LARGE, M_BAD_JSON for what has no canonical form. */
export const parseCrossSigningKey = (userId: UserId, usage: KeyUsage, key: JsonObject): ParsedKey => {
  if (key.user_id !== userId) throw invalidParam(`${usage}: user_id is not your user ID.`);
  if (!Array.isArray(key.usage) || !key.usage.includes(usage)) throw invalidParam(`${usage}: the usage is another.`);
  const entries = isJsonObject(key.keys) ? Object.entries(key.keys) : [];
  const [name, publicKey] = entries[0] ?? [];
  // "The object must have exactly one property, whose name is in the form `<algorithm>:<unpadded_base64_public_key>`".
  if (entries.length !== 1 || typeof publicKey !== 'string' || name !== `ed25519:${publicKey}`) {
    throw invalidParam(`${usage}: keys must hold one key, named ed25519:<public key>.`);
  }
  if (decodeBase64(publicKey)?.length !== 32) throw invalidParam(`${usage}: not an ed25519 public key.`);
  const content = bounded(keptText(key, userId), crossSigningKeySizeBytesMax, usage);
  return { usage, publicKey, content, object: key };
};

/** "Must be signed by the accompanying master signing key, or by the user's most recently uploaded master signing key". */
const checkSignedBy = async (master: string, userId: UserId, uploads: readonly ParsedKey[]): Promise<void> => {
  for (const { usage, object } of uploads) {
    if (usage === 'master') continue;
    const isSigned = await verifyJsonAsync(object, userId, `ed25519:${master}`, master);
    if (!isSigned) throw invalidSignature(`${usage}: not signed by the master key.`);
  }
};
