// Short-lived tokens that serve one purpose, known only by their SHA-256 hashes.
// login: Client-Server API, "POST /login/get_token"; openid: "OpenID"; nonce: shared-secret registration.

import type { UserId } from '../../protocol/ids/branded.ts';
import type { ReadTx } from '../database.ts';
import { writer } from '../database.ts';

export type ShortTokenPurpose = 'login' | 'openid' | 'nonce';

/** How many expired tokens one write removes at most. */
const PURGE_MAX = 200;

export const addShortToken = writer(
  'addShortToken',
  async (
    tx,
    args: { hash: Uint8Array; purpose: ShortTokenPurpose; user: number; expiresTs: number; now: number },
  ): Promise<void> => {
    await tx.run(
      'DELETE FROM short_tokens WHERE hash IN (SELECT hash FROM short_tokens WHERE expires_ts <= ? LIMIT ?)',
      args.now,
      PURGE_MAX,
    );
    await tx.run(
      'INSERT INTO short_tokens (hash, purpose, user_nid, expires_ts) VALUES (?, ?, ?, ?)',
      args.hash,
      args.purpose,
      args.user,
      args.expiresTs,
    );
  },
);

/** Uses the token up; whose it was. undefined: unknown, used, expired or for another purpose. */
export const takeShortToken = writer(
  'takeShortToken',
  async (tx, args: { hash: Uint8Array; purpose: ShortTokenPurpose; now: number }): Promise<number | undefined> => {
    const row = await tx.get<{ user: number; expiresTs: number }>(
      'DELETE FROM short_tokens WHERE hash = ? AND purpose = ? RETURNING user_nid AS "user", expires_ts AS "expiresTs"',
      args.hash,
      args.purpose,
    );
    return row && row.expiresTs > args.now ? row.user : undefined;
  },
);

/** Whose openid token it is, while it is valid. */
export const openidTokenUser = async (tx: ReadTx, hash: Uint8Array, now: number): Promise<UserId | undefined> => {
  const row = await tx.get<{ userId: UserId }>(
    `SELECT u.user_id AS "userId" FROM short_tokens t JOIN users u ON u.nid = t.user_nid
     WHERE t.hash = ? AND t.purpose = 'openid' AND t.expires_ts > ?`,
    hash,
    now,
  );
  return row?.userId;
};
