// Access and refresh tokens of devices, known only by their SHA-256 hashes.
// Client-Server API, "Relationship between access tokens and devices" and "Refreshing access tokens".

import { unknownToken, userDeactivated } from '../../protocol/errors/matrix-error.ts';
import type { UserId } from '../../protocol/ids/branded.ts';
import type { ReadTx, WriteTx } from '../database.ts';
import { writer } from '../database.ts';
import { fromStoredText } from '../text.ts';
import { type DeviceSighting, ensureDevice, noteSightings } from './devices.ts';

/** Hashes and lifetimes of an access token and the refresh token beside it. Times are ms since the epoch, null: for ever. */
export interface TokenPair {
  readonly accessHash: Uint8Array;
  readonly accessExpiresTs: number | null;
  readonly refreshHash: Uint8Array | null;
  readonly refreshExpiresTs: number | null;
}

export interface StoredSession {
  readonly pair: number;
  readonly device: number;
  readonly deviceId: string;
  readonly user: number;
  readonly userId: UserId;
  readonly accessExpiresTs: number | null;
  /** Not null: the pair has not been used yet. */
  readonly predecessor: number | null;
  readonly isGuest: number;
  readonly isAdmin: number;
  readonly isLocked: number;
  readonly isSuspended: number;
  readonly lastSeenTs: number | null;
}

/** The session that an access token belongs to, also when the token has expired. */
export const findSession = async (tx: ReadTx, accessHash: Uint8Array): Promise<StoredSession | undefined> => {
  const row = await tx.get<StoredSession>(
    `SELECT s.nid AS "pair", s.device AS "device", d.device_id AS "deviceId", d.user_nid AS "user", u.user_id AS "userId",
       s.access_expires_ts AS "accessExpiresTs", s.predecessor AS "predecessor", a.is_guest AS "isGuest",
       a.is_admin AS "isAdmin", a.is_locked AS "isLocked", a.is_suspended AS "isSuspended",
       d.last_seen_ts AS "lastSeenTs"
     FROM session_tokens s JOIN devices d ON d.nid = s.device JOIN users u ON u.nid = d.user_nid
     JOIN accounts a ON a.user_nid = d.user_nid WHERE s.access_hash = ?`,
    accessHash,
  );
  return row && { ...row, deviceId: fromStoredText(row.deviceId) };
};

const insertPair = async (tx: WriteTx, device: number, pair: TokenPair, predecessor: number | null): Promise<void> => {
  await tx.run(
    `INSERT INTO session_tokens (device, access_hash, access_expires_ts, refresh_hash, refresh_expires_ts, predecessor)
     VALUES (?, ?, ?, ?, ?, ?)`,
    device,
    pair.accessHash,
    pair.accessExpiresTs,
    pair.refreshHash,
    pair.refreshExpiresTs,
    predecessor,
  );
};

export interface NewSession {
  readonly user: number;
  readonly deviceId: string;
  /** Becomes the name of a device that is new. */
  readonly displayName: string | null;
  readonly pair: TokenPair;
  /** undefined: the device did not log in by itself. */
  readonly seen?: Pick<DeviceSighting, 'address' | 'agent'> | undefined;
  readonly now: number;
}

/**
 * Logs a device in; its nid. "If the client sets the device_id, the server will invalidate any access and refresh
 * tokens previously assigned to that device." Throws M_USER_DEACTIVATED.
 */
export const startSession = writer('startSession', async (tx, args: NewSession): Promise<number> => {
  const account = await tx.get<{ deactivatedTs: number | null }>(
    'SELECT deactivated_ts AS "deactivatedTs" FROM accounts WHERE user_nid = ?',
    args.user,
  );
  if (account === undefined || account.deactivatedTs !== null) throw userDeactivated('The account is deactivated.');
  const { device, isNew } = await ensureDevice(tx, args);
  if (!isNew) {
    await tx.run('DELETE FROM session_tokens WHERE device = ?', device);
    await tx.nextPosition({ user: args.user });
  }
  if (args.seen) await noteSightings(tx, [{ ...args.seen, device, ts: args.now }]);
  await insertPair(tx, device, args.pair, null);
  return device;
});

interface Pair {
  readonly pair: number;
  readonly device: number;
  readonly user: number;
  readonly predecessor: number | null;
  readonly refreshExpiresTs: number | null;
}

/** Ends what a pair replaces: its predecessor and the other pairs that were refreshed from that one and never used. */
const settle = async (tx: WriteTx, pair: Pick<Pair, 'pair' | 'device' | 'user' | 'predecessor'>): Promise<void> => {
  if (pair.predecessor === null) return;
  await tx.run('UPDATE session_tokens SET predecessor = NULL WHERE nid = ?', pair.pair);
  await tx.run('DELETE FROM session_tokens WHERE device = ? AND nid <> ?', pair.device, pair.pair);
  await tx.nextPosition({ user: pair.user });
};

/** "The old refresh token remains valid until the new access token or refresh token is used": now it was. */
export const settleRefresh = writer(
  'settleRefresh',
  (tx, pair: Pick<Pair, 'pair' | 'device' | 'user' | 'predecessor'>): Promise<void> => settle(tx, pair),
);

/**
 * Gives the refresh token's device a new pair. Pairs made from the same token before and never used are dropped.
 * Throws M_UNKNOWN_TOKEN for an unknown or used token, with soft_logout for one that expired.
 */
export const refreshSession = writer(
  'refreshSession',
  async (tx, args: { refreshHash: Uint8Array; pair: TokenPair; now: number }): Promise<void> => {
    const old = await tx.get<Pair>(
      `SELECT s.nid AS "pair", s.device AS "device", d.user_nid AS "user", s.predecessor AS "predecessor",
         s.refresh_expires_ts AS "refreshExpiresTs"
       FROM session_tokens s JOIN devices d ON d.nid = s.device WHERE s.refresh_hash = ?`,
      args.refreshHash,
    );
    if (!old) throw unknownToken('The refresh token is not known or was used.');
    if (old.refreshExpiresTs !== null && old.refreshExpiresTs <= args.now) {
      throw unknownToken('The refresh token has expired.', true);
    }
    await settle(tx, old);
    await tx.run('DELETE FROM session_tokens WHERE device = ? AND predecessor = ?', old.device, old.pair);
    await insertPair(tx, old.device, args.pair, old.pair);
    await tx.nextPosition({ user: old.user });
  },
);
