// Cross-signing keys of users, and the signatures that came after the keys they sign.
// Client-Server API, "Cross-signing".

import type { UserId } from '../../protocol/ids/branded.ts';
import type { ReadTx, WriteTx } from '../database.ts';
import { writer } from '../database.ts';
import { fromStoredText, toStoredText } from '../text.ts';
import { hasDeviceNamed } from './device-keys.ts';
import { recordDeviceListChanges, recordSignatureChange } from './device-list-changes.ts';

export const keyUsages = ['master', 'self_signing', 'user_signing'] as const;
export type KeyUsage = (typeof keyUsages)[number];

export interface CrossSigningKey {
  readonly usage: KeyUsage;
  /** Unpadded base64, as in its key id `ed25519:<public key>`. */
  readonly publicKey: string;
  /** Canonical JSON. */
  readonly content: string;
}

export interface StoredCrossSigningKey extends CrossSigningKey {
  readonly user: number;
}

export const crossSigningKeysOfUsers = (tx: ReadTx, users: readonly number[]): Promise<StoredCrossSigningKey[]> =>
  tx.all(
    `SELECT user_nid AS "user", usage AS "usage", public_key AS "publicKey", content AS "content"
     FROM cross_signing_keys WHERE ${tx.dialect.anyInt('user_nid')}`,
    tx.dialect.list(users),
  );

/** "Servers … must ensure that device IDs will not collide with cross-signing public keys." */
export const isCrossSigningKey = async (tx: ReadTx, user: number, text: string): Promise<boolean> =>
  (await tx.get('SELECT 1 FROM cross_signing_keys WHERE user_nid = ? AND public_key = ?', user, toStoredText(text))) !==
  undefined;

export interface CrossSigningUpload {
  readonly user: number;
  /** The public keys that the caller saw and judged the upload by; undefined: there was none. */
  readonly seen: Readonly<Record<KeyUsage, string | undefined>>;
  /** New keys only. */
  readonly keys: readonly CrossSigningKey[];
}

/**
 * `moved`: the stored keys are not those that were judged by; judge again. `device`: a key is named like one of the
 * user's devices. Of a user who gets a new master key, those keys go that the old one had signed.
 */
export const replaceCrossSigningKeys = writer(
  'replaceCrossSigningKeys',
  async (tx, upload: CrossSigningUpload): Promise<'stored' | 'moved' | 'device'> => {
    const stored = await crossSigningKeysOfUsers(tx, [upload.user]);
    const before = new Map(stored.map((key) => [key.usage, key.publicKey]));
    if (keyUsages.some((usage) => before.get(usage) !== upload.seen[usage])) return 'moved';
    const publicKeys = upload.keys.map((key) => key.publicKey);
    if (await hasDeviceNamed(tx, upload.user, publicKeys)) return 'device';
    const isNewMaster = upload.keys.some((key) => key.usage === 'master');
    for (const old of stored) {
      if (!isNewMaster && !upload.keys.some((key) => key.usage === old.usage)) continue;
      await forgetKey(tx, upload.user, old);
    }
    await tx.runMany(
      'INSERT INTO cross_signing_keys (user_nid, usage, public_key, content) VALUES (?, ?, ?, ?)',
      upload.keys.map((key) => [upload.user, key.usage, key.publicKey, key.content]),
    );
    await recordDeviceListChanges(tx, upload.user, [null]);
    return 'stored';
  },
);

const forgetKey = async (tx: WriteTx, user: number, key: CrossSigningKey): Promise<void> => {
  await tx.run('DELETE FROM cross_signing_keys WHERE user_nid = ? AND usage = ?', user, key.usage);
  await tx.run('DELETE FROM key_signatures WHERE target = ? AND target_key = ?', user, key.publicKey);
  await tx.run('DELETE FROM key_signatures WHERE signer = ? AND signing_key = ?', user, `ed25519:${key.publicKey}`);
};

/**
 * Another server's user has exactly these keys (of the master and the self-signing one). Signatures on a key that goes go as
 * well. Whether anything changed.
 */
export const replaceRemoteKeys = async (
  tx: WriteTx,
  user: number,
  keys: readonly CrossSigningKey[],
): Promise<boolean> => {
  const stored = await crossSigningKeysOfUsers(tx, [user]);
  let isChanged = false;
  for (const old of stored) {
    const now = keys.find((key) => key.usage === old.usage);
    if (now?.publicKey === old.publicKey && now.content === old.content) continue;
    isChanged = true;
    if (now?.publicKey !== old.publicKey) await forgetKey(tx, user, old);
  }
  for (const { usage, publicKey, content } of keys) {
    const old = stored.find((key) => key.usage === usage);
    if (old?.publicKey === publicKey && old.content === content) continue;
    isChanged = true;
    await tx.run(
      `INSERT INTO cross_signing_keys (user_nid, usage, public_key, content) VALUES (?, ?, ?, ?)
       ON CONFLICT (user_nid, usage) DO UPDATE SET public_key = excluded.public_key, content = excluded.content`,
      user,
      usage,
      publicKey,
      content,
    );
  }
  return isChanged;
};

export interface StoredSignature {
  readonly target: number;
  readonly targetKey: string;
  readonly signer: UserId;
  readonly signingKey: string;
  readonly signature: string;
}

/** Signatures on keys of `targets` that `observer` may see: the owners' and the observer's own ("to avoid leaking of social graphs"). */
export const visibleSignatures = async (
  tx: ReadTx,
  targets: readonly number[],
  observer: number,
): Promise<StoredSignature[]> => {
  const rows = await tx.all<StoredSignature>(
    `SELECT s.target AS "target", s.target_key AS "targetKey", u.user_id AS "signer", s.signing_key AS "signingKey",
       s.signature AS "signature"
     FROM key_signatures s JOIN users u ON u.nid = s.signer
     WHERE ${tx.dialect.anyInt('s.target')} AND (s.signer = s.target OR s.signer = ?)`,
    tx.dialect.list(targets),
    observer,
  );
  return rows.map((row) => ({
    ...row,
    targetKey: fromStoredText(row.targetKey),
    signingKey: fromStoredText(row.signingKey),
  }));
};

/** A verified signature, with the stored text of the key that it signs. */
export interface NewSignature extends Omit<StoredSignature, 'signer'> {
  readonly targetContent: string;
}

/**
 * Adds verified signatures. Returns for each whether its target is still what was signed; others' targets are shown as
 * changed to the signer's own devices, own targets to everybody who sees them.
 */
export const addSignatures = writer(
  'addSignatures',
  async (tx, args: { signer: number; signatures: readonly NewSignature[] }): Promise<boolean[]> => {
    const accepted: boolean[] = [];
    const own = new Set<string | null>();
    const others = new Set<number>();
    for (const signature of args.signatures) {
      const { target, targetKey } = signature;
      const deviceId = await currentTarget(tx, signature);
      accepted.push(deviceId !== undefined);
      if (deviceId === undefined) continue;
      const changed = await tx.run(
        `INSERT INTO key_signatures (target, target_key, signer, signing_key, signature) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (target, target_key, signer, signing_key) DO UPDATE SET signature = excluded.signature
         WHERE key_signatures.signature <> excluded.signature`,
        target,
        toStoredText(targetKey),
        args.signer,
        toStoredText(signature.signingKey),
        signature.signature,
      );
      if (changed === 0) continue;
      if (target === args.signer) own.add(deviceId);
      else others.add(target);
    }
    await recordDeviceListChanges(tx, args.signer, [...own]);
    for (const user of others) await recordSignatureChange(tx, args.signer, user);
    return accepted;
  },
);

/** The id of the signed device, null for a master key, undefined when what was signed is not there any more. */
const currentTarget = async (tx: ReadTx, signature: NewSignature): Promise<string | null | undefined> => {
  const { target, targetKey, targetContent } = signature;
  const device = await tx.get(
    `SELECT 1 FROM device_keys k JOIN devices d ON d.nid = k.device
     WHERE d.user_nid = ? AND d.device_id = ? AND k.keys = ?`,
    target,
    toStoredText(targetKey),
    targetContent,
  );
  if (device) return targetKey;
  const master = await tx.get(
    `SELECT 1 FROM cross_signing_keys WHERE user_nid = ? AND usage = 'master' AND public_key = ? AND content = ?`,
    target,
    toStoredText(targetKey),
    targetContent,
  );
  return master ? null : undefined;
};

/** Deletes the cross-signing keys of a user whose account ends, with all signatures on and by them. */
export const deleteCrossSigningKeys = async (tx: WriteTx, user: number): Promise<void> => {
  const stored = await crossSigningKeysOfUsers(tx, [user]);
  if (stored.length === 0) return;
  for (const key of stored) await forgetKey(tx, user, key);
  await recordDeviceListChanges(tx, user, [null]);
};
