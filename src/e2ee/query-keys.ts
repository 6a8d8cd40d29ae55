// Device and cross-signing keys of users, as one of them may see them. Client-Server API, POST /keys/query.

import { slicesOf } from '../lib/slices-of.ts';
import type { JsonObject } from '../protocol/events/json.ts';
import type { UserId } from '../protocol/ids/branded.ts';
import type { Database, ReadTx } from '../storage/database.ts';
import {
  crossSigningKeysOfUsers,
  type KeyUsage,
  type StoredSignature,
  visibleSignatures,
} from '../storage/stores/cross-signing.ts';
import { deviceKeysOfUsers } from '../storage/stores/device-keys.ts';
import { findUsers } from '../storage/stores/names.ts';
import type { DevicesWanted } from './ports.ts';

/** The members of the answer, each by user id. */
export interface KeysOfUsers {
  device_keys: Record<string, Record<string, JsonObject>>;
  master_keys: Record<string, JsonObject>;
  self_signing_keys: Record<string, JsonObject>;
  user_signing_keys: Record<string, JsonObject>;
}

/** Users answered from one snapshot, so that a query for a large room does not hold up the event loop. */
const USERS_AT_ONCE = 100;

/** A map for keys that strangers chose: in an object without prototype `__proto__` is a name like any other. */
const emptyRecord = <T>(): Record<string, T> => Object.create(null) as Record<string, T>;

export const noKeys = (): KeysOfUsers => ({
  device_keys: emptyRecord(),
  master_keys: emptyRecord(),
  self_signing_keys: emptyRecord(),
  user_signing_keys: emptyRecord(),
});

/** Who asks: a local user, or (undefined) another server for its users. */
export interface Observer {
  readonly user: number;
  readonly userId: UserId;
}

/**
 * Keys of this server's users. Every user that is asked for is in `device_keys`, if only with no devices: clients ask again
 * and again for users that are missing.
 */
export const queryLocalKeys = async (
  db: Database,
  wanted: DevicesWanted,
  observer: Observer | undefined,
): Promise<KeysOfUsers> => {
  const answer = noKeys();
  const users = [...wanted];
  for (const slice of slicesOf(users, USERS_AT_ONCE)) {
    const some = new Map(slice);
    for (const userId of some.keys()) answer.device_keys[userId] = emptyRecord();
    await db.read((tx) => addKeysOfUsers(tx, some, observer, answer));
  }
  return answer;
};

const addKeysOfUsers = async (
  tx: ReadTx,
  wanted: DevicesWanted,
  observer: Observer | undefined,
  answer: KeysOfUsers,
): Promise<void> => {
  const nids = await findUsers(tx, [...wanted.keys()]);
  const userIds = new Map([...nids].map(([userId, nid]) => [nid, userId]));
  const users = [...userIds.keys()];
  const signatures = await signaturesByKey(tx, users, observer);
  for (const { user, deviceId, displayName, keys } of await deviceKeysOfUsers(tx, users)) {
    const userId = userIds.get(user)!;
    const deviceIds = wanted.get(userId)!;
    if (deviceIds.length > 0 && !deviceIds.includes(deviceId)) continue;
    const shown = withSignatures(keys, signatures.get(`${user} ${deviceId}`));
    shown.unsigned = displayName === null ? {} : { device_display_name: displayName };
    answer.device_keys[userId]![deviceId] = shown;
  }
  for (const { user, usage, publicKey, content } of await crossSigningKeysOfUsers(tx, users)) {
    // "User-signing keys … only visible to the user that it belongs to".
    if (usage === 'user_signing' && user !== observer?.user) continue;
    const shown = withSignatures(content, signatures.get(`${user} ${publicKey}`));
    answer[memberOf[usage]][userIds.get(user)!] = shown;
  }
};

/** Adds the observer's own signatures to others' master keys: nobody else sees them. */
export const addOwnSignatures = async (db: Database, answer: KeysOfUsers, { user }: Observer): Promise<void> => {
  const signed = Object.entries(answer.master_keys);
  if (signed.length === 0) return;
  const signatures = await db.read(async (tx) => {
    const nids = await findUsers(
      tx,
      signed.map(([userId]) => userId as UserId),
    );
    return signaturesOfObserver(await visibleSignatures(tx, [...nids.values()], user), nids);
  });
  for (const [userId, key] of signed) {
    const own = signatures.get(userId);
    if (own)
      answer.master_keys[userId] = withSignatures(
        JSON.stringify(key),
        own.filter((row) => isOf(key, row)),
      );
  }
};

const signaturesOfObserver = (
  rows: readonly StoredSignature[],
  nids: ReadonlyMap<UserId, number>,
): Map<string, StoredSignature[]> => {
  const userIds = new Map([...nids].map(([userId, nid]) => [nid, userId]));
  return Map.groupBy(rows, (row) => userIds.get(row.target)!);
};

const isOf = ({ keys }: JsonObject, { targetKey }: StoredSignature): boolean =>
  typeof keys === 'object' && keys !== null && Object.hasOwn(keys, `ed25519:${targetKey}`);

const memberOf = {
  master: 'master_keys',
  self_signing: 'self_signing_keys',
  user_signing: 'user_signing_keys',
} as const satisfies Record<KeyUsage, keyof KeysOfUsers>;

/** By target's nid and key. Of other signers than the owners only the observer's own are there. */
const signaturesByKey = async (
  tx: ReadTx,
  users: readonly number[],
  observer: Observer | undefined,
): Promise<Map<string, StoredSignature[]>> => {
  const byKey = new Map<string, StoredSignature[]>();
  for (const row of await visibleSignatures(tx, users, observer?.user ?? 0)) {
    const key = `${row.target} ${row.targetKey}`;
    const before = byKey.get(key);
    if (before) before.push(row);
    else byKey.set(key, [row]);
  }
  return byKey;
};

const withSignatures = (text: string, added: readonly StoredSignature[] = []): JsonObject => {
  const key = JSON.parse(text) as JsonObject;
  if (added.length === 0) return key;
  const signatures = (key.signatures ?? {}) as Record<string, Record<string, string>>;
  for (const { signer, signingKey, signature } of added) {
    signatures[signer] = { ...signatures[signer], [signingKey]: signature };
  }
  key.signatures = signatures;
  return key;
};
