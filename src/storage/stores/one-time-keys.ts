// One-time and fallback keys of devices: uploaded, counted, claimed exactly once in upload order.
// Client-Server API, "One-time and fallback keys".

import { oneTimeKeyExists, tooLarge } from '../../protocol/errors/matrix-error.ts';
import type { ReadTx, WriteTx } from '../database.ts';
import { writer } from '../database.ts';

/** `content` is the key's canonical JSON. */
export interface UploadedKey {
  readonly algorithm: string;
  readonly keyId: string;
  readonly content: string;
}

/** Unclaimed ones of a device; clients keep 50 to 100. */
export const oneTimeKeysMax = 1_000;
/** Algorithms of fallback keys of a device. */
const fallbackKeysMax = 20;
/** Claimed keys of a device that are remembered. */
const claimedKept = 200;

interface KeptKey extends UploadedKey {
  readonly isClaimed: number;
}

/**
 * Adds keys in one step. A key that is there already, or was claimed a while ago, is left alone; throws M_UNKNOWN when an
 * unclaimed key has the same id and another content, M_TOO_LARGE when the device would have too many.
 */
export const addOneTimeKeys = async (tx: WriteTx, device: number, keys: readonly UploadedKey[]): Promise<void> => {
  if (keys.length === 0) return;
  const stored = await tx.all<KeptKey>(
    `SELECT algorithm AS "algorithm", key_id AS "keyId", content AS "content", is_claimed AS "isClaimed"
     FROM one_time_keys WHERE device = ?`,
    device,
  );
  const kept = new Map(stored.map((key) => [`${key.algorithm}:${key.keyId}`, key]));
  const added: UploadedKey[] = [];
  for (const key of keys) {
    const before = kept.get(`${key.algorithm}:${key.keyId}`);
    if (before?.content === key.content) continue;
    if (before?.isClaimed === 0) throw oneTimeKeyExists(`${key.algorithm}:${key.keyId}`, before.content, key.content);
    added.push(key);
  }
  const unclaimed = stored.filter((key) => key.isClaimed === 0).length;
  if (unclaimed + added.length > oneTimeKeysMax)
    throw tooLarge(`A device has at most ${oneTimeKeysMax} one-time keys.`);
  if (added.length === 0) return;
  await tx.runMany(
    'DELETE FROM one_time_keys WHERE device = ? AND algorithm = ? AND key_id = ?',
    added.map((key) => [device, key.algorithm, key.keyId]),
  );
  await tx.runMany(
    'INSERT INTO one_time_keys (device, algorithm, key_id, content) VALUES (?, ?, ?, ?)',
    added.map((key) => [device, key.algorithm, key.keyId, key.content]),
  );
  await tx.run(
    `DELETE FROM one_time_keys WHERE device = ? AND is_claimed = 1 AND nid <= (SELECT nid FROM one_time_keys
       WHERE device = ? AND is_claimed = 1 ORDER BY nid DESC LIMIT 1 OFFSET ?)`,
    device,
    device,
    claimedKept,
  );
};

/** "the server will only persist one key per algorithm". An unchanged key keeps its mark of having been used. */
export const replaceFallbackKeys = async (tx: WriteTx, device: number, keys: readonly UploadedKey[]): Promise<void> => {
  for (const key of keys) {
    await tx.run(
      `INSERT INTO fallback_keys (device, algorithm, key_id, content) VALUES (?, ?, ?, ?)
       ON CONFLICT (device, algorithm) DO UPDATE SET key_id = excluded.key_id, content = excluded.content, is_used = 0
       WHERE fallback_keys.key_id <> excluded.key_id OR fallback_keys.content <> excluded.content`,
      device,
      key.algorithm,
      key.keyId,
      key.content,
    );
  }
  if (keys.length === 0) return;
  const row = await tx.get<{ count: number }>('SELECT count(*) AS "count" FROM fallback_keys WHERE device = ?', device);
  if (row!.count > fallbackKeysMax) throw tooLarge(`A device has at most ${fallbackKeysMax} fallback keys.`);
};

/** Unclaimed keys by algorithm. The algorithm that every client uses is always there: some take its absence for "unknown". */
export const oneTimeKeyCounts = async (tx: ReadTx, device: number): Promise<Record<string, number>> => {
  const rows = await tx.all<{ algorithm: string; count: number }>(
    `SELECT algorithm AS "algorithm", count(*) AS "count" FROM one_time_keys
     WHERE device = ? AND is_claimed = 0 GROUP BY algorithm`,
    device,
  );
  return Object.fromEntries([['signed_curve25519', 0], ...rows.map((row) => [row.algorithm, row.count] as const)]);
};

/** Algorithms in which the device has a fallback key that nobody claimed yet, in alphabetical order. */
export const unusedFallbackKeyTypes = async (tx: ReadTx, device: number): Promise<string[]> => {
  const rows = await tx.all<{ algorithm: string }>(
    'SELECT algorithm AS "algorithm" FROM fallback_keys WHERE device = ? AND is_used = 0 ORDER BY algorithm',
    device,
  );
  return rows.map((row) => row.algorithm);
};

export interface KeyWanted {
  readonly device: number;
  readonly algorithm: string;
}

export interface ClaimedKey {
  readonly keyId: string;
  readonly content: string;
}

/** One key for each wish, in order: the oldest one-time key, else the fallback key, else null. */
export const claimKeys = writer(
  'claimKeys',
  async (tx, wanted: readonly KeyWanted[]): Promise<(ClaimedKey | null)[]> => {
    const claimed: (ClaimedKey | null)[] = [];
    for (const wish of wanted)
      claimed.push((await claimOneTimeKey(tx, wish)) ?? (await useFallbackKey(tx, wish)) ?? null);
    return claimed;
  },
);

const claimOneTimeKey = async (tx: WriteTx, wish: KeyWanted): Promise<ClaimedKey | undefined> => {
  for (;;) {
    const next = await tx.get<ClaimedKey & { nid: number }>(
      `SELECT nid AS "nid", key_id AS "keyId", content AS "content" FROM one_time_keys
       WHERE device = ? AND algorithm = ? AND is_claimed = 0 ORDER BY nid LIMIT 1`,
      wish.device,
      wish.algorithm,
    );
    if (!next) return undefined;
    // Another process may have been faster: then its row is no longer unclaimed once this statement has waited for it.
    const won = await tx.run('UPDATE one_time_keys SET is_claimed = 1 WHERE nid = ? AND is_claimed = 0', next.nid);
    if (won === 1) return { keyId: next.keyId, content: next.content };
  }
};

const useFallbackKey = async (tx: WriteTx, wish: KeyWanted): Promise<ClaimedKey | undefined> => {
  const key = await tx.get<ClaimedKey & { isUsed: number }>(
    `SELECT key_id AS "keyId", content AS "content", is_used AS "isUsed" FROM fallback_keys
     WHERE device = ? AND algorithm = ?`,
    wish.device,
    wish.algorithm,
  );
  if (!key) return undefined;
  if (key.isUsed === 0) {
    await tx.run(
      'UPDATE fallback_keys SET is_used = 1 WHERE device = ? AND algorithm = ?',
      wish.device,
      wish.algorithm,
    );
  }
  return { keyId: key.keyId, content: key.content };
};
