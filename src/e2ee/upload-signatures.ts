// Signatures that a user makes on own devices, on the own master key and on others' master keys.
// Client-Server API, POST /keys/signatures/upload.

import { ownValue } from '../protocol/auth-rules/own-value.ts';
import { isJsonObject, type Json, type JsonObject } from '../protocol/events/json.ts';
import type { UserId } from '../protocol/ids/branded.ts';
import { isUserId } from '../protocol/ids/user-id.ts';
import { signedJsonText } from '../protocol/signing/sign-json.ts';
import { signaturesOf } from '../protocol/signing/signatures.ts';
import { verifyTextAsync } from '../protocol/signing/verify-text.ts';
import type { Database } from '../storage/database.ts';
import { addSignatures, crossSigningKeysOfUsers, type NewSignature } from '../storage/stores/cross-signing.ts';
import { deviceKeysOfUsers } from '../storage/stores/device-keys.ts';
import { findUsers } from '../storage/stores/names.ts';

export interface SignatureFailure {
  readonly errcode: string;
  readonly error: string;
}

/** By user id and key id. */
export type SignatureFailures = Record<string, Record<string, SignatureFailure>>;

const notFound: SignatureFailure = { errcode: 'M_NOT_FOUND', error: 'There is no such key.' };
const invalid = (error: string): SignatureFailure => ({ errcode: 'M_INVALID_SIGNATURE', error });

/** A key that may be signed, and the public keys by whose owners it may be, by key id. */
interface Target {
  readonly user: number;
  readonly content: string;
  readonly signers: ReadonlyMap<string, string>;
}

export interface Signer {
  readonly user: number;
  readonly userId: UserId;
}

/** `signed`: user id to key id to signed object. What fails is in the answer; the rest is stored. */
export const uploadSignatures = async (
  db: Database,
  signer: Signer,
  signed: Readonly<Record<string, Readonly<Record<string, Json>>>>,
): Promise<SignatureFailures> => {
  const failures = Object.create(null) as SignatureFailures;
  const fail = (userId: string, keyId: string, failure: SignatureFailure): void => {
    failures[userId] ??= Object.create(null) as Record<string, SignatureFailure>;
    failures[userId][keyId] = failure;
  };
  const targetOf = await loadTargets(db, signer, Object.keys(signed));
  const accepted: { userId: string; keyId: string; signature: NewSignature }[] = [];
  for (const [userId, keys] of Object.entries(signed)) {
    for (const [keyId, object] of Object.entries(keys)) {
      const target = targetOf(userId, keyId);
      const checked = target && isJsonObject(object) ? await check(signer.userId, target, keyId, object) : notFound;
      if ('errcode' in checked) fail(userId, keyId, checked);
      else for (const signature of checked) accepted.push({ userId, keyId, signature });
    }
  }
  if (accepted.length === 0) return failures;
  const signatures = accepted.map((each) => each.signature);
  const stillThere = await db.write(addSignatures, { signer: signer.user, signatures });
  accepted.forEach(({ userId, keyId }, index) => {
    if (!stillThere[index]) fail(userId, keyId, invalid('The key has changed meanwhile.'));
  });
  return failures;
};

const loadTargets = (
  db: Database,
  { user, userId: ownId }: Signer,
  userIds: readonly string[],
): Promise<(userId: string, keyId: string) => Target | undefined> =>
  db.read(async (tx) => {
    const nids = await findUsers(
      tx,
      userIds.filter((id): id is UserId => isUserId(id)),
    );
    const crossSigning = await crossSigningKeysOfUsers(tx, [...new Set([user, ...nids.values()])]);
    const devices = await deviceKeysOfUsers(tx, [user]);
    const ownKey = (usage: string): ReadonlyMap<string, string> => {
      const key = crossSigning.find((each) => each.user === user && each.usage === usage);
      return new Map(key ? [[`ed25519:${key.publicKey}`, key.publicKey]] : []);
    };
    const deviceSigners = new Map(
      devices.flatMap(({ deviceId, keys }) => {
        const name = `ed25519:${deviceId}`;
        const publicKey = ownValue((JSON.parse(keys) as { keys: JsonObject }).keys, name);
        return typeof publicKey === 'string' ? [[name, publicKey] as const] : [];
      }),
    );
    const selfSigner = ownKey('self_signing');
    const userSigner = ownKey('user_signing');
    const masters = new Map(crossSigning.filter((key) => key.usage === 'master').map((key) => [key.user, key]));
    return (userId, keyId) => {
      const nid = nids.get(userId as UserId);
      const master = nid === undefined ? undefined : masters.get(nid);
      if (nid !== undefined && master?.publicKey === keyId) {
        return { user: nid, content: master.content, signers: userId === ownId ? deviceSigners : userSigner };
      }
      const device = userId === ownId ? devices.find((each) => each.deviceId === keyId) : undefined;
      return device && { user, content: device.keys, signers: selfSigner };
    };
  });

/** The new signatures in `object`, all of them valid; or why there are none. */
const check = async (
  signerId: UserId,
  target: Target,
  keyId: string,
  object: JsonObject,
): Promise<NewSignature[] | SignatureFailure> => {
  const stored = JSON.parse(target.content) as JsonObject;
  const text = signedJsonText(stored);
  // "The signed JSON object must match the key previously uploaded or retrieved for the given key ID".
  if (signedJsonText(object) !== text) return invalid('The signed object is not the key that is stored.');
  const given = signaturesOf(object, signerId);
  if (given.size === 0) return invalid('Your signature is missing.');
  const known = signaturesOf(stored, signerId);
  const signatures: NewSignature[] = [];
  for (const [signingKey, signature] of given) {
    if (known.get(signingKey) === signature) continue;
    const publicKey = target.signers.get(signingKey);
    if (publicKey === undefined) return invalid(`${signingKey} may not sign this key.`);
    if (!(await verifyTextAsync(text, signature, publicKey))) return invalid('Invalid signature');
    signatures.push({ target: target.user, targetKey: keyId, signingKey, signature, targetContent: target.content });
  }
  return signatures;
};
